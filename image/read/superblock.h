// SPDX-License-Identifier: Apache-2.0
// The superblock of SquashFS 4.0 as numbers, and whether to trust it.
#pragma once

#include "base/result.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace berth::read {

static_assert(std::endian::native == std::endian::little, "SquashFS is read as it lies on disk");

/// The little-endian number at `bytes`, aligned or not.
template <class T>
T number_at(const std::byte* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

constexpr std::size_t kSuperblockBytes = 96;
constexpr std::uint32_t kMetadataBytes = 8192;         ///< what a metadata block holds at most
constexpr std::uint64_t kNoTable = ~std::uint64_t{0};  ///< where a table that is not there begins

/// Positions are bytes from the beginning of the file.
struct Superblock {
  std::uint32_t magic = 0;
  std::uint32_t inodes = 0;
  std::uint32_t block_size = 0;
  std::uint32_t fragments = 0;
  std::uint16_t compressor = 0;
  std::uint16_t block_log = 0;
  std::uint16_t ids = 0;
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::uint64_t root = 0;  ///< reference of the root's inode
  std::uint64_t bytes_used = 0;
  std::uint64_t id_table = 0;
  std::uint64_t xattr_table = kNoTable;
  std::uint64_t inode_table = 0;
  std::uint64_t directory_table = 0;
  std::uint64_t fragment_table = 0;

  bool operator==(const Superblock&) const = default;
};

/// Takes kSuperblockBytes apart, whatever they say.
Superblock parse_superblock(const std::byte* bytes) noexcept;

/// Whether the first kSuperblockBytes `bytes` of a file of `file_size` bytes promise an image that
/// can be read: SquashFS 4.0, complete, tables in their places. Pure; an Error has Blame::image.
Status check_superblock(const std::byte* bytes, std::uint64_t file_size, const std::string& name);

/// Reads the superblock of an open file, which has to be a regular one, and checks it.
Result<Superblock> read_superblock(int fd, const std::string& name);

/// The same for an image that is a part of the file: `size` bytes from `begin` on.
Result<Superblock> read_superblock_at(int fd,
                                      std::uint64_t begin,
                                      std::uint64_t size,
                                      const std::string& name);

}  // namespace berth::read
