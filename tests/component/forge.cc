// SPDX-License-Identifier: Apache-2.0
#include "tests/component/forge.h"

#include "image/read/inode.h"

#include <algorithm>
#include <string_view>

namespace berth::read {
namespace {

constexpr std::uint16_t kStored = 0x8000;

void join(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void append_text(Bytes& bytes, std::string_view text) {
  for (const char letter : text)
    bytes.push_back(std::byte(letter));
}

/// Appends a stream as metadata blocks, and says where they begin.
std::vector<std::uint64_t> append_blocks(Bytes& image, const Bytes& stream, std::size_t held) {
  std::vector<std::uint64_t> positions;
  for (std::size_t done = 0; done < stream.size(); done += held) {
    const auto first = stream.begin() + static_cast<std::ptrdiff_t>(done);
    const std::size_t size = std::min(held, stream.size() - done);
    positions.push_back(image.size());
    join(image, metadata_block({first, first + static_cast<std::ptrdiff_t>(size)}, false));
  }
  return positions;
}

/// Appends a table. Returns where its index lies, which begins with `head`.
std::uint64_t append_table(Bytes& image, const Bytes& entries, const Bytes& head = {}) {
  const std::vector<std::uint64_t> positions = append_blocks(image, entries, kMetadataBytes);
  const std::uint64_t index = image.size();
  join(image, head);
  for (const std::uint64_t position : positions)
    append(image, position);
  return index;
}

void write_superblock(const Superblock& super, Bytes& image) {
  constexpr std::uint32_t kMagic = 0x73717368;
  patch(image, 0, kMagic);
  patch(image, 4, super.inodes);
  patch(image, 12, super.block_size);
  patch(image, 16, super.fragments);
  patch(image, 20, super.compressor);
  patch(image, 22, super.block_log);
  patch(image, 26, super.ids);
  patch(image, 28, super.major);
  patch(image, 32, super.root);
  patch(image, 40, super.bytes_used);
  patch(image, 48, super.id_table);
  patch(image, 56, super.xattr_table);
  patch(image, 64, super.inode_table);
  patch(image, 72, super.directory_table);
  patch(image, 80, super.fragment_table);
  patch(image, 88, kNoTable);  // the export table
}

}  // namespace

Bytes repeated(std::byte value, std::uint32_t size) {
  // One block (RFC 8878): a frame with four bytes of content size, and a run of one byte. A run is
  // at most 128 KiB.
  constexpr std::uint32_t kLongestRun = 128 * 1024;
  Bytes out;
  append(out, std::uint32_t{0xfd2fb528});
  append(out, std::uint8_t{0xa0});
  append(out, size);
  for (std::uint32_t done = 0; done < size; done += kLongestRun) {
    const std::uint32_t run = std::min(kLongestRun, size - done);
    const std::uint32_t head = run << 3 | 1U << 1 | (done + run == size ? 1U : 0U);
    append(out, static_cast<std::uint16_t>(head));
    append(out, static_cast<std::uint8_t>(head >> 16));
    out.push_back(value);
  }
  return out;
}

void append_index(Bytes& inodes,
                  std::uint32_t position,
                  std::uint32_t block,
                  const std::string& name,
                  std::uint32_t longer) {
  append(inodes, position);
  append(inodes, block);
  append(inodes, static_cast<std::uint32_t>(name.size() - 1 + longer));
  append_text(inodes, name);
}

Bytes metadata_block(const Bytes& bytes, bool is_compressed) {
  Bytes out;
  append(out, static_cast<std::uint16_t>(bytes.size() | (is_compressed ? 0U : kStored)));
  join(out, bytes);
  return out;
}

std::uint64_t Forge::reference_of(std::size_t offset) const {
  return std::uint64_t{offset / block_bytes * (block_bytes + 2)} << 16 | offset % block_bytes;
}

std::uint64_t Forge::next_inode() const {
  return reference_of(inodes.size());
}

std::uint64_t Forge::next_listing() const {
  return reference_of(listings.size());
}

void Forge::begin_inode(std::uint16_t type, std::uint16_t owner) {
  append(inodes, type);
  append(inodes, std::uint16_t{0755});
  append(inodes, owner);
  append(inodes, owner);             // the group
  append(inodes, std::uint32_t{1});  // mtime
  append(inodes, std::uint32_t{1});  // number
}

std::uint64_t Forge::add_file(const ForgedFile& file) {
  const std::uint64_t reference = next_inode();
  begin_inode(9, file.owner);
  append(inodes, file.start);
  append(inodes, file.size);
  append(inodes, std::uint64_t{0});  // sparse
  append(inodes, std::uint32_t{1});  // links
  append(inodes, file.fragment);
  append(inodes, file.fragment_offset);
  append(inodes, file.xattrs);
  for (const std::uint32_t block : file.blocks)
    append(inodes, block);
  return reference;
}

std::uint64_t Forge::add_link(std::uint32_t size, const std::string& target) {
  const std::uint64_t reference = next_inode();
  begin_inode(3);
  append(inodes, std::uint32_t{1});  // links
  append(inodes, size);
  append_text(inodes, target);
  return reference;
}

std::uint64_t Forge::add_directory(const std::vector<ForgedEntry>& entries) {
  const std::uint64_t listing = next_listing();
  const std::size_t begin = listings.size();
  for (const ForgedEntry& entry : entries) {
    append(listings, std::uint32_t{0});  // one entry under this header
    append(listings, static_cast<std::uint32_t>(entry.inode >> 16));
    append(listings, std::uint32_t{1});  // number
    append(listings, static_cast<std::uint16_t>(entry.inode));
    append(listings, std::uint16_t{0});  // number, from there
    append(listings, entry.type);
    append(listings, static_cast<std::uint16_t>(entry.name.size() - 1 + entry.longer));
    append_text(listings, entry.name);
  }
  return add_directory_at(listing, static_cast<std::uint32_t>(listings.size() - begin));
}

std::uint64_t Forge::add_directory_at(std::uint64_t listing,
                                      std::uint32_t size,
                                      std::size_t indexes) {
  const std::uint64_t reference = next_inode();
  begin_inode(8);
  append(inodes, std::uint32_t{2});  // links
  append(inodes, size + 3);
  append(inodes, static_cast<std::uint32_t>(listing >> 16));
  append(inodes, std::uint32_t{1});  // parent
  append(inodes, static_cast<std::uint16_t>(indexes));
  append(inodes, static_cast<std::uint16_t>(listing));
  append(inodes, kNoXattrs);
  return reference;
}

Bytes Forge::finish(std::uint64_t root) const {
  Bytes image(kSuperblockBytes);
  Superblock as = super;
  join(image, data);
  as.inode_table = image.size();
  (void)append_blocks(image, inodes, block_bytes);
  join(image, more_inodes);
  as.directory_table = image.size();
  (void)append_blocks(image, listings, block_bytes);
  join(image, more_listings);
  as.fragment_table = append_table(image, fragments);
  as.id_table = append_table(image, ids);
  if (!xattr_sets.empty()) {
    Bytes head;
    append(head, std::uint64_t{image.size()});
    append(head, std::uint64_t{xattr_sets.size() / 16});
    (void)append_blocks(image, xattrs, block_bytes);
    as.xattr_table = append_table(image, xattr_sets, head);
  }
  as.root = root;
  as.bytes_used = image.size();
  as.fragments = static_cast<std::uint32_t>(fragments.size() / 16);
  as.ids = static_cast<std::uint16_t>(ids.size() / sizeof(std::uint32_t));
  write_superblock(as, image);
  return image;
}

}  // namespace berth::read
