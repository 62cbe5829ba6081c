// SPDX-License-Identifier: Apache-2.0
// Reads blocks with one pread each. A file that has shrunk gives short reads, never SIGBUS: the
// image is not mapped.
#include "image/read/reader.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace berth::read {
namespace {

constexpr std::size_t kMetadataSlots = 128;
constexpr std::size_t kDataBytes = 3 << 20;  ///< what the caches of data and of fragments may hold
constexpr std::size_t kFewestSlots = 3;      ///< four threads that want four blocks take turns
constexpr std::size_t kMostSlots = 64;
constexpr std::size_t kMetadataHeader = 2;
constexpr std::uint32_t kFragmentEntry = 16;
constexpr std::uint32_t kFragmentsInBlock = kMetadataBytes / kFragmentEntry;

std::size_t slots_for(std::uint32_t block_size) {
  return std::clamp<std::size_t>(kDataBytes / block_size, kFewestSlots, kMostSlots);
}

/// pread(2) through interruptions and short reads. The number of bytes that were there.
std::size_t read_at(int fd, std::span<std::byte> out, std::uint64_t position) {
  std::size_t got = 0;
  while (got < out.size()) {
    const ssize_t n =
        ::pread(fd, out.data() + got, out.size() - got, static_cast<off_t>(position + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

}  // namespace

Image::Image(int file, const Superblock& superblock, std::uint64_t begins)
    : fd(file),
      begin(begins),
      super(superblock),
      metadata(kMetadataSlots, kMetadataBytes),
      data(slots_for(superblock.block_size), superblock.block_size),
      fragments(slots_for(superblock.block_size), superblock.block_size) {}

Reader::Reader(Image& image)
    : image_(image),
      decompressor_(image.super.compressor),
      input_bytes_(std::max<std::size_t>(image.super.block_size, kMetadataHeader + kMetadataBytes)),
      input_(new std::byte[input_bytes_]) {}

bool Reader::read_bytes(std::uint64_t position, std::span<std::byte> out) const {
  const std::uint64_t end = image_.super.bytes_used;
  return position <= end && out.size() <= end - position &&
         read_at(image_.fd, out, image_.begin + position) == out.size();
}

Filled Reader::fill_metadata(std::uint64_t position, std::span<std::byte> out) {
  const std::uint64_t end = image_.super.bytes_used;
  if (position >= end || end - position <= kMetadataHeader) return {};
  // The size is in the block: read as much as a block can be at once, rather than read twice.
  const std::size_t wanted =
      std::min<std::uint64_t>(kMetadataHeader + kMetadataBytes, end - position);
  const std::size_t got = read_at(image_.fd, {input_.get(), wanted}, image_.begin + position);
  if (got <= kMetadataHeader) return {};
  const auto header = number_at<std::uint16_t>(input_.get());
  const bool is_compressed = (header & 0x8000) == 0;
  const std::size_t stored = header & 0x7fff;
  if (stored == 0 || stored > kMetadataBytes || stored > got - kMetadataHeader) return {};
  const std::span<std::byte> in{input_.get() + kMetadataHeader, stored};
  const std::uint64_t next = position + kMetadataHeader + stored;
  if (is_compressed) return {decompressor_.run(in, out), next};
  std::copy(in.begin(), in.end(), out.begin());
  return {stored, next};
}

BlockCache::Pin Reader::metadata_at(std::uint64_t position) {
  return image_.metadata.get(
      position, [&](std::span<std::byte> out) { return fill_metadata(position, out); });
}

std::size_t Reader::read_block(BlockAt block, std::span<std::byte> out) {
  const std::size_t stored = block.stored();
  if (stored == 0 || stored > image_.super.block_size) return 0;
  if (!block.is_compressed()) {
    return stored <= out.size() && read_bytes(block.position, out.first(stored)) ? stored : 0;
  }
  const std::span<std::byte> in{input_.get(), stored};
  return read_bytes(block.position, in) ? decompressor_.run(in, out) : 0;
}

BlockCache::Pin Reader::data_at(BlockAt block) {
  return image_.data.get(block.position,
                         [&](std::span<std::byte> out) { return Filled{read_block(block, out)}; });
}

bool Reader::find_fragment(std::uint32_t number, BlockAt& out) {
  if (number >= image_.super.fragments) return false;
  std::array<std::byte, 8> index{};
  const std::uint64_t at = image_.super.fragment_table + number / kFragmentsInBlock * 8ULL;
  if (!read_bytes(at, index)) return false;
  const auto block = metadata_at(number_at<std::uint64_t>(index.data()));
  const std::size_t offset = std::size_t{number % kFragmentsInBlock} * kFragmentEntry;
  if (!block || block.bytes().size() < offset + kFragmentEntry) return false;
  const std::byte* entry = block.bytes().data() + offset;
  out = {number_at<std::uint64_t>(entry), number_at<std::uint32_t>(entry + 8)};
  return true;
}

BlockCache::Pin Reader::fragment(std::uint32_t number) {
  return image_.fragments.get(number, [&](std::span<std::byte> out) {
    BlockAt block;
    return find_fragment(number, block) ? Filled{read_block(block, out)} : Filled{};
  });
}

}  // namespace berth::read
