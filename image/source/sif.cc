// SPDX-License-Identifier: Apache-2.0
#include "image/source/sif.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace berth::source {

namespace {

// The header: 32 bytes for the kernel to start a program by, then these, all little-endian.
constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kMagicAt = 32;
constexpr std::string_view kMagic("SIF_MAGIC\0", 10);
constexpr std::size_t kVersionAt = 42;
constexpr std::string_view kVersion("01\0", 3);
constexpr std::size_t kTotalAt = 88;  // of descriptors
constexpr std::size_t kTableAt = 96;  // where they are

// A descriptor.
constexpr std::size_t kDescriptorBytes = 585;
constexpr std::size_t kUsedAt = 4;
constexpr std::size_t kOffsetAt = 17;
constexpr std::size_t kSizeAt = 25;
constexpr std::size_t kExtraAt = 201;  // of a partition: file system, kind, architecture
constexpr std::int32_t kLabels = 0x4003;
constexpr std::int32_t kPartition = 0x4004;
constexpr std::int32_t kOciIndex = 0x400a;
constexpr std::int32_t kSquash = 1;
constexpr std::int32_t kEncrypted = 5;
constexpr std::int32_t kPrimarySystem = 2;
constexpr std::int32_t kOverlay = 4;

constexpr std::int64_t kMostDescriptors = 4096;
constexpr std::uint64_t kMostLabels = 256UL * 1024;

struct Architecture {
  std::string_view code;
  std::string_view name;
};

constexpr std::array<Architecture, 9> kArchitectures = {{{"01", "386"},
                                                         {"02", "amd64"},
                                                         {"03", "arm"},
                                                         {"04", "arm64"},
                                                         {"06", "ppc64le"},
                                                         {"08", "mipsle"},
                                                         {"10", "mips64le"},
                                                         {"11", "s390x"},
                                                         {"12", "riscv64"}}};

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.substr(at, sizeof value).data(), sizeof value);
  return value;
}

Error unusable(const Blob& file, const std::string& why, const std::string& hint = {}) {
  return Error{Blame::image, "read the SIF file " + quote(file.name) + ": " + why, {}, hint};
}

bool fits(const Blob& file, std::int64_t offset, std::int64_t size) {
  return offset >= 0 && size >= 0 && static_cast<std::uint64_t>(offset) <= file.size &&
         static_cast<std::uint64_t>(size) <= file.size - static_cast<std::uint64_t>(offset);
}

Result<std::string> read_part(const Blob& file, std::uint64_t offset, std::uint64_t size) {
  Blob part = file;
  part.offset += offset;
  part.size = size;
  return read_whole(part, size);
}

std::string architecture_of(std::string_view code) {
  for (const Architecture& known : kArchitectures) {
    if (code.substr(0, 2) == known.code) return std::string(known.name);
  }
  return {};
}

std::string filesystem_name(std::int32_t number) {
  constexpr std::array<const char*, 4> kNames = {"SquashFS", "ext3", "an archive", "raw data"};
  return number >= 1 && number <= 4 ? kNames.at(static_cast<std::size_t>(number - 1))
                                    : "of kind " + std::to_string(number);
}

/// Takes the system partition in, or says why it cannot be used.
Status apply_partition(Sif& sif, const Blob& file, std::string_view descriptor) {
  const auto filesystem = number_at<std::int32_t>(descriptor, kExtraAt);
  const auto kind = number_at<std::int32_t>(descriptor, kExtraAt + 4);
  if (kind == kOverlay) sif.has_overlay = true;
  if (kind != kPrimarySystem) return Done{};
  if (sif.image.file) return unusable(file, "it has two system partitions");
  if (filesystem == kEncrypted)
    return unusable(file,
                    "its system partition is encrypted",
                    "decrypt it with the program that made it: berth has no keys");
  if (filesystem != kSquash)
    return unusable(file,
                    "its system partition is " + filesystem_name(filesystem) +
                        ", and only SquashFS can be read");
  sif.image = file;
  sif.image.offset += number_at<std::uint64_t>(descriptor, kOffsetAt);
  sif.image.size = number_at<std::uint64_t>(descriptor, kSizeAt);
  sif.architecture = architecture_of(descriptor.substr(kExtraAt + 8, 2));
  return Done{};
}

Status apply_descriptor(Sif& sif, const Blob& file, std::string_view descriptor) {
  if (descriptor[kUsedAt] == 0) return Done{};
  const auto type = number_at<std::int32_t>(descriptor, 0);
  const auto offset = number_at<std::int64_t>(descriptor, kOffsetAt);
  const auto size = number_at<std::int64_t>(descriptor, kSizeAt);
  if (!fits(file, offset, size))
    return unusable(file, "an object of it is outside the file", "copy or make it again");
  if (type == kOciIndex)
    return unusable(file, "it holds an OCI image in blobs (OCI-SIF), which cannot be read yet");
  if (type == kPartition) return apply_partition(sif, file, descriptor);
  if (type != kLabels || static_cast<std::uint64_t>(size) > kMostLabels) return Done{};
  auto labels =
      read_part(file, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(size));
  if (!labels) return std::move(labels.error());
  sif.labels = std::move(*labels);
  return Done{};
}

}  // namespace

bool is_sif(const Blob& file) {
  if (file.size < kHeaderBytes) return false;
  const auto magic = read_part(file, kMagicAt, kMagic.size());
  return magic && *magic == kMagic;
}

Result<Sif> read_sif(const Blob& file) {
  if (!is_sif(file)) return unusable(file, "it is no SIF file");
  const auto header = read_part(file, 0, kHeaderBytes);
  if (!header) return header.error();
  if (std::string_view(*header).substr(kVersionAt, kVersion.size()) != kVersion)
    return unusable(file, "it has a version that is not known");
  const auto total = number_at<std::int64_t>(*header, kTotalAt);
  const auto start = number_at<std::int64_t>(*header, kTableAt);
  if (total < 0 || total > kMostDescriptors ||
      !fits(file, start, total * static_cast<std::int64_t>(kDescriptorBytes)))
    return unusable(file, "its table of objects is outside the file", "copy or make it again");
  const auto table = read_part(file,
                               static_cast<std::uint64_t>(start),
                               static_cast<std::uint64_t>(total) * kDescriptorBytes);
  if (!table) return table.error();
  Sif sif;
  for (std::size_t at = 0; at < table->size(); at += kDescriptorBytes)
    BERTH_TRY(apply_descriptor(sif, file, std::string_view(*table).substr(at, kDescriptorBytes)));
  if (!sif.image.file) return unusable(file, "it has no system partition");
  return sif;
}

}  // namespace berth::source
