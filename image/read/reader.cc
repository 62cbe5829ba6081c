// SPDX-License-Identifier: Apache-2.0
// Reads blocks with one pread each. A file that has shrunk gives short reads, never SIGBUS: the
// image is not mapped.
#include "image/read/reader.h"

#include <algorithm>
#include <array>

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

using integrity::kBlockBytes;
using integrity::read_at;

constexpr std::size_t whole_blocks(std::size_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

}  // namespace

Image::Image(int file,
             const Superblock& superblock,
             std::uint64_t begins,
             const integrity::Tree& tree,
             CheckedBlocks::Report report)
    : fd(file),
      begin(begins),
      super(superblock),
      checked(file, tree, std::move(report)),
      metadata(kMetadataSlots, kMetadataBytes),
      data(slots_for(superblock.block_size), superblock.block_size),
      fragments(slots_for(superblock.block_size), superblock.block_size) {}

Reader::Reader(Image& image)
    : image_(image),
      decompressor_(image.super.compressor),
      input_bytes_(std::max<std::size_t>(image.super.block_size, kMetadataHeader + kMetadataBytes) +
                   2 * kBlockBytes),
      input_(new std::byte[input_bytes_]) {}

/// Bytes of input_ before those from `position` on: a tree knows of whole blocks only.
std::size_t Reader::lead_of(std::uint64_t position) const noexcept {
  return image_.checked.is_on() ? position % kBlockBytes : 0;
}

/// Reads bytes from `position` on into input_, and what else their blocks have. How many are there.
std::size_t Reader::load(std::uint64_t position, std::size_t count) {
  const std::size_t lead = lead_of(position);
  const std::size_t wanted = image_.checked.is_on() ? whole_blocks(lead + count) : count;
  const std::size_t got =
      read_at(image_.fd, {input_.get(), wanted}, image_.begin + position - lead);
  return got <= lead ? 0 : std::min(got - lead, count);
}

/// Whether the first bytes that load() read from `position` on may be believed.
bool Reader::accept(std::uint64_t position, std::size_t count) {
  if (!image_.checked.is_on()) return true;
  const std::size_t lead = lead_of(position);
  return image_.checked.check((position - lead) / kBlockBytes,
                              {input_.get(), whole_blocks(lead + count)});
}

bool Reader::read_bytes(std::uint64_t position, std::span<std::byte> out) {
  const std::uint64_t end = image_.super.bytes_used;
  if (position > end || out.size() > end - position) return false;
  if (!image_.checked.is_on() || image_.checked.are_known(position, out.size()))
    return read_at(image_.fd, out, image_.begin + position) == out.size();
  if (load(position, out.size()) != out.size() || !accept(position, out.size())) return false;
  std::copy_n(input_.get() + lead_of(position), out.size(), out.begin());
  return true;
}

bool Reader::are_sound(std::uint64_t position, std::uint64_t size) {
  const std::size_t most = image_.super.block_size;
  for (std::uint64_t done = 0; image_.checked.is_on() && done < size; done += most) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(most, size - done));
    if (image_.checked.are_known(position + done, part)) continue;
    if (load(position + done, part) != part || !accept(position + done, part)) return false;
  }
  return true;
}

bool Reader::has_superblock() {
  std::array<std::byte, kSuperblockBytes> bytes{};
  return read_bytes(0, bytes) && parse_superblock(bytes.data()) == image_.super;
}

Filled Reader::fill_metadata(std::uint64_t position, std::span<std::byte> out) {
  const std::uint64_t end = image_.super.bytes_used;
  if (position >= end || end - position <= kMetadataHeader) return {};
  // The size is in the block: read as much as a block can be at once, rather than read twice.
  const std::size_t wanted =
      std::min<std::uint64_t>(kMetadataHeader + kMetadataBytes, end - position);
  const std::size_t got = load(position, wanted);
  if (got <= kMetadataHeader) return {};
  std::byte* block = input_.get() + lead_of(position);
  const auto header = number_at<std::uint16_t>(block);
  const bool is_compressed = (header & 0x8000) == 0;
  const std::size_t stored = header & 0x7fff;
  if (stored == 0 || stored > kMetadataBytes || stored > got - kMetadataHeader) return {};
  // The size came first, and is among what is checked.
  if (!accept(position, kMetadataHeader + stored)) return {};
  const std::span<std::byte> in{block + kMetadataHeader, stored};
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
  const std::uint64_t end = image_.super.bytes_used;
  if (block.position > end || stored > end - block.position) return 0;
  if (load(block.position, stored) != stored || !accept(block.position, stored)) return 0;
  return decompressor_.run({input_.get() + lead_of(block.position), stored}, out);
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
