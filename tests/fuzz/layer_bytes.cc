// SPDX-License-Identifier: Apache-2.0
// Any bytes as the blob of a layer. The first byte chooses: as they are; packed beforehand, so that
// they are a tar behind a compression that holds; or packed and then damaged at one place. What was
// packed comes out as it was, in pieces of any size, and a tar in it has no name that climbs.
#include "image/layers/decoder.h"
#include "image/layers/path.h"
#include "image/layers/tar.h"
#include "tests/fuzz/require.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace {

using berth::fuzz::require;
using berth::source::Blob;

constexpr std::size_t kMost = 4U << 20;  // of what comes out; enough is enough

constexpr std::array<const char*, 4> kFilters = {"gzip", "zstd", "xz", "bzip2"};

std::string pack(std::string_view bytes, const char* filter) {
  std::string packed(bytes.size() * 2 + 4096, '\0');
  std::size_t used = 0;
  archive* a = archive_write_new();
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "layer");
  archive_entry_set_filetype(entry, AE_IFREG);
  require(archive_write_add_filter_by_name(a, filter) == ARCHIVE_OK);
  // The quickest: the format is the same.
  (void)archive_write_set_filter_option(a, nullptr, "compression-level", "1");
  require(archive_write_set_format_raw(a) == ARCHIVE_OK);
  (void)archive_write_set_bytes_in_last_block(a, 1);
  require(archive_write_open_memory(a, packed.data(), packed.size(), &used) == ARCHIVE_OK);
  require(archive_write_header(a, entry) == ARCHIVE_OK);
  require(archive_write_data(a, bytes.data(), bytes.size()) ==
          static_cast<la_ssize_t>(bytes.size()));
  archive_entry_free(entry);
  require(archive_write_free(a) == ARCHIVE_OK);
  packed.resize(used);
  return packed;
}

Blob blob_of(std::string_view bytes) {
  berth::UniqueFd memory(::memfd_create("layer", MFD_CLOEXEC));
  require(::write(memory.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return Blob{std::make_shared<const berth::UniqueFd>(std::move(memory)), 0, bytes.size(), "layer"};
}

/// What comes out, asked for in pieces of `step`; nothing when there was an error.
std::optional<std::string> unpack(const Blob& blob, std::size_t step) {
  berth::layers::HashedInput input(blob);
  const auto decoder = berth::layers::choose_decoder(input);
  if (!decoder) return std::nullopt;
  std::string out;
  while (out.size() < kMost) {
    const std::size_t at = out.size();
    out.resize(at + step);
    const auto got = (*decoder)->read(out.data() + at, step);
    if (!got) return std::nullopt;
    require(*got <= step);
    out.resize(at + *got);
    if (*got == 0) break;
  }
  out.resize(std::min(out.size(), kMost));
  return out;
}

/// Nothing, or what looks packed itself: what is around it may not be opened for that.
bool is_no_layer(std::string_view bytes) {
  constexpr std::array<std::string_view, 4> kMarks = {"\x28\xb5", "*M\x18", "BZh", "7zXZ"};
  return bytes.empty() || std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
           return bytes.find(mark) <= 1;
         });
}

void check_entries(const Blob& blob) {
  const auto meter =
      std::make_shared<berth::layers::Meter>(berth::layers::Limits{{1000}, {kMost}, {}});
  berth::layers::Queueing queueing;
  queueing.meter = meter;
  berth::layers::TarStream stream({blob, {}}, berth::layers::Xattrs::privileged, queueing);
  berth::layers::Entry entry;
  for (auto more = stream.next(entry); more && *more; more = stream.next(entry)) {
    const auto again = berth::layers::parse_path(entry.path);
    require(again && *again == entry.path);
    require(entry.kind == berth::layers::Kind::file || entry.size == 0);
    std::uint64_t size = 0;
    while (entry.kind == berth::layers::Kind::file) {
      const auto piece = stream.data();
      if (!piece) return;
      size += piece->size();
      if (!piece->empty()) continue;
      require(size == entry.size);
      break;
    }
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::string bytes(data + 4, data + size);
  const std::string original = bytes;
  const unsigned way = data[0] % 9U;
  if (way > 0) bytes = pack(bytes, kFilters.at((way - 1) % kFilters.size()));
  const bool is_damaged = way > kFilters.size();
  if (is_damaged) {
    char& damaged = bytes[(data[1] + std::size_t{data[2]} * 256) % bytes.size()];
    damaged = static_cast<char>(damaged ^ data[3]);
  }
  const Blob blob = blob_of(bytes);
  const auto whole = unpack(blob, 1U << 20);
  require(unpack(blob, 701) == whole);
  if (way > 0 && !is_damaged) require(whole == original || (!whole && is_no_layer(original)));
  check_entries(blob);
  return 0;
}
