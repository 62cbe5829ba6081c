// SPDX-License-Identifier: Apache-2.0
// Forges small SquashFS images, sound or not: every number goes in as the test says. Then looks at
// one as a curious reader would, within limits.
#pragma once

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

/// `bytes` as one metadata block.
Bytes metadata_block(const Bytes& bytes, bool is_compressed);

/// What stands in an inode of a regular file.
struct ForgedFile {
  std::uint64_t start = 96;
  std::uint64_t size = 0;
  std::vector<std::uint32_t> blocks = {};
  std::uint32_t fragment = 0xffffffff;
  std::uint32_t fragment_offset = 0;
};

struct ForgedEntry {
  std::string name;
  std::uint64_t inode = 0;
  std::uint16_t type = 2;    ///< of the inode: 1 a directory, 2 a file, 3 a link
  std::uint16_t longer = 0;  ///< how much more than that the name's size says
};

/// Compressed with zstd, in blocks of 4 KiB, as far as it is not stored.
class Forge {
 public:
  Bytes data = {};           ///< right behind the superblock, at 96
  Bytes fragments = {};      ///< entries of 16 bytes
  Bytes more_inodes = {};    ///< metadata blocks behind those of the inodes
  Bytes more_listings = {};  ///< ... and of the listings

  /// Each returns the inode's reference.
  std::uint64_t add_file(const ForgedFile& file);
  std::uint64_t add_link(std::uint32_t size, const std::string& target);
  std::uint64_t add_directory(const std::vector<ForgedEntry>& entries);
  /// The same with a listing that lies at the reference `listing` and has `size` bytes.
  std::uint64_t add_directory_at(std::uint64_t listing, std::uint32_t size);

  /// The references of what is added next.
  [[nodiscard]] std::uint64_t next_inode() const;
  [[nodiscard]] std::uint64_t next_listing() const;

  [[nodiscard]] Bytes finish(std::uint64_t root) const;

 private:
  void begin_inode(std::uint16_t type);

  Bytes inodes_ = {};
  Bytes listings_ = {};
};

/// What was found in an image.
struct Found {
  bool is_refused = false;
  unsigned entries = 0;
  unsigned errors = 0;
  std::uint64_t bytes = 0;         ///< of contents
  std::vector<std::string> names;  ///< and targets of links
  /// Names that are none, more bytes than were asked for, bytes that the image does not have.
  std::vector<std::string> complaints;
  double seconds = 0;  ///< of this process's time
};

/// Opens the image and reads all of it, each directory once, of a file the first, the middle and
/// the last 64 KiB.
Found look_at(const Bytes& image);

}  // namespace berth::read
