// SPDX-License-Identifier: Apache-2.0
// Forges small SquashFS images, sound or not: every number goes in as the test says.
#pragma once

#include "image/read/superblock.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace berth::read {

using Bytes = std::vector<std::byte>;

template <class T>
void append(Bytes& bytes, T value) {
  const auto* from = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), from, from + sizeof value);
}

template <class T>
void patch(Bytes& bytes, std::size_t offset, T value) {
  std::memcpy(&bytes.at(offset), &value, sizeof value);
}

/// A zstd frame of 13 bytes at most that stands for `size` equal ones, up to 1 MiB.
Bytes repeated(std::byte value, std::uint32_t size);

/// An entry of a directory's index: `name`, whose size says `longer` more, stands behind a
/// header at `position` of the listing, in the metadata block at `block` of the table.
void append_index(Bytes& inodes,
                  std::uint32_t position,
                  std::uint32_t block,
                  const std::string& name,
                  std::uint32_t longer = 0);

/// `bytes` as one metadata block.
Bytes metadata_block(const Bytes& bytes, bool is_compressed);

/// What stands in an inode of a regular file.
struct ForgedFile {
  std::uint64_t start = 96;
  std::uint64_t size = 0;
  std::vector<std::uint32_t> blocks = {};
  std::uint32_t fragment = 0xffffffff;
  std::uint32_t fragment_offset = 0;
  std::uint32_t xattrs = 0xffffffff;
  std::uint16_t owner = 0;
};

struct ForgedEntry {
  std::string name;
  std::uint64_t inode = 0;
  std::uint16_t type = 2;    ///< of the inode: 1 a directory, 2 a file, 3 a link
  std::uint16_t longer = 0;  ///< how much more than that the name's size says
};

/// An image's parts, each as it is when decompressed. Compressed with zstd, in blocks of 4 KiB, as
/// far as `super` says nothing else.
class Forge {
 public:
  Superblock super = {
      .inodes = 1, .block_size = 4096, .compressor = 6, .block_log = 12, .major = 4};
  Bytes data = {};  ///< right behind the superblock, at 96
  Bytes inodes = {};
  Bytes more_inodes = {};  ///< metadata blocks behind those of the inodes
  Bytes listings = {};
  Bytes more_listings = {};                    ///< ... and of the listings
  Bytes fragments = {};                        ///< entries of 16 bytes
  Bytes ids = Bytes(sizeof(std::uint32_t));    ///< one, root's
  Bytes xattrs = {};                           ///< names and values
  Bytes xattr_sets = {};                       ///< entries of 16 bytes, of which files name one
  std::uint32_t block_bytes = kMetadataBytes;  ///< what the metadata blocks hold

  /// Each returns the inode's reference.
  std::uint64_t add_file(const ForgedFile& file);
  std::uint64_t add_link(std::uint32_t size, const std::string& target);
  std::uint64_t add_directory(const std::vector<ForgedEntry>& entries);
  /// The same with a listing that lies at the reference `listing` and has `size` bytes. Whoever
  /// wants an index appends its `indexes` entries.
  std::uint64_t add_directory_at(std::uint64_t listing,
                                 std::uint32_t size,
                                 std::size_t indexes = 0);

  /// The reference of a byte of the inodes or listings.
  [[nodiscard]] std::uint64_t reference_of(std::size_t offset) const;
  /// ... of what is added next.
  [[nodiscard]] std::uint64_t next_inode() const;
  [[nodiscard]] std::uint64_t next_listing() const;

  /// With the counts and positions of `super` as they come to be.
  [[nodiscard]] Bytes finish(std::uint64_t root) const;

 private:
  void begin_inode(std::uint16_t type, std::uint16_t owner = 0);
};

}  // namespace berth::read
