// SPDX-License-Identifier: Apache-2.0
// Checks a superblock against the file. Pure: what passes here is the frame in which every later
// position is checked again.
#include "image/read/superblock.h"

#include "base/text.h"
#include "image/read/decompress.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace berth::read {
namespace {

constexpr std::uint32_t kMagic = 0x73717368;
constexpr std::uint32_t kSmallestBlock = 4096;
constexpr std::uint32_t kLargestBlock = 1 << 20;

Error unusable(const std::string& name, const std::string& why) {
  return Error{Blame::image, "use " + quote(name) + " as an image: " + why};
}

/// A table of `count` entries of `size` bytes is an index of 8-byte positions, one for each
/// metadata block of entries; the index lies behind the directories and inside the image.
bool index_fits(const Superblock& super, std::uint64_t start, std::uint64_t count, unsigned size) {
  const std::uint64_t index = (count * size + kMetadataBytes - 1) / kMetadataBytes * 8;
  return start > super.directory_table && start < super.bytes_used &&
         index <= super.bytes_used - start;
}

bool tables_fit(const Superblock& super) {
  const std::uint64_t inode_bytes = super.directory_table - super.inode_table;
  return super.inode_table >= kSuperblockBytes && super.inode_table < super.directory_table &&
         super.directory_table < super.bytes_used && super.inodes > 0 && super.ids > 0 &&
         index_fits(super, super.id_table, super.ids, 4) &&
         (super.fragments == 0 || index_fits(super, super.fragment_table, super.fragments, 16)) &&
         super.root >> 16 < inode_bytes && (super.root & 0xffff) < kMetadataBytes;
}

bool block_size_is_legal(const Superblock& super) {
  return std::has_single_bit(super.block_size) && super.block_size >= kSmallestBlock &&
         super.block_size <= kLargestBlock && super.block_log < 32 &&
         super.block_size == 1U << super.block_log;
}

std::string compression_text(unsigned compressor) {
  const char* name = compressor_name(compressor);
  return name != nullptr ? name : "number " + std::to_string(compressor);
}

}  // namespace

Status check_superblock(const std::byte* bytes, std::uint64_t file_size, const std::string& name) {
  const Superblock super = parse_superblock(bytes);
  if (file_size < sizeof super.magic || super.magic != kMagic) {
    return unusable(name, "it is not a SquashFS file");
  }
  if (file_size < kSuperblockBytes) {
    return unusable(name, "it is truncated: " + std::to_string(file_size) + " bytes are there");
  }
  if (super.major != 4 || super.minor != 0) {
    return unusable(name,
                    "it is SquashFS " + std::to_string(super.major) + "." +
                        std::to_string(super.minor) + ", and only 4.0 can be read");
  }
  if (super.bytes_used > file_size) {
    return unusable(name,
                    "it is truncated: " + std::to_string(file_size) + " bytes of " +
                        std::to_string(super.bytes_used) + " are there");
  }
  if (!can_decompress(super.compressor)) {
    return unusable(name,
                    "its compression (" + compression_text(super.compressor) + ") cannot be read");
  }
  if (!block_size_is_legal(super)) {
    return unusable(name, "it is damaged: its block size is " + std::to_string(super.block_size));
  }
  if (!tables_fit(super)) return unusable(name, "it is damaged: its tables are out of place");
  return Done{};
}

Result<Superblock> read_superblock(int fd, const std::string& name) {
  struct stat status {};

  if (::fstat(fd, &status) != 0) return refused("fstat", "read " + quote(name), errno);
  if (!S_ISREG(status.st_mode)) {
    return Error{Blame::image, "use " + quote(name) + " as an image: it is not a regular file"};
  }
  return read_superblock_at(fd, 0, static_cast<std::uint64_t>(status.st_size), name);
}

Result<Superblock> read_superblock_at(int fd,
                                      std::uint64_t begin,
                                      std::uint64_t size,
                                      const std::string& name) {
  std::array<std::byte, kSuperblockBytes> bytes{};
  if (::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(begin)) < 0)
    return refused("pread", "read " + quote(name), errno);
  BERTH_TRY(check_superblock(bytes.data(), size, name));
  return parse_superblock(bytes.data());
}

}  // namespace berth::read
