// SPDX-License-Identifier: Apache-2.0
// Inodes of SquashFS 4.0, all fourteen kinds as one struct whose numbers have been checked.
#pragma once

#include "image/read/metadata.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace berth::read {

constexpr std::uint32_t kNoFragment = 0xffffffff;
constexpr std::uint32_t kNoXattrs = 0xffffffff;
/// What a symbolic link can hold on Linux, where a path is at most PATH_MAX bytes with its zero.
constexpr std::uint32_t kLongestLink = 4095;

/// Which members mean something depends on the kind of file that `mode` names.
struct Inode {
  std::uint64_t reference = 0;
  mode_t mode = 0;
  std::uint32_t mtime = 0;
  std::uint32_t number = 0;
  std::uint32_t links = 1;
  std::uint16_t uid_index = 0;  ///< for read_id()
  std::uint16_t gid_index = 0;
  std::uint32_t xattrs = kNoXattrs;  ///< for read_xattrs()
  std::uint64_t size = 0;  ///< bytes of a file or of a link's target; of a directory, its listing
  Place after = {};        ///< behind the fixed part: block sizes, a target, a directory's index

  std::uint64_t blocks_start = 0;        ///< files: where the first block lies
  std::uint64_t sparse = 0;              ///< files: bytes that are not stored
  std::uint32_t fragment = kNoFragment;  ///< files: the fragment that holds the tail
  std::uint32_t fragment_offset = 0;     ///< files: where in it
  std::uint32_t block_count = 0;         ///< files: how many block sizes there are
  std::uint64_t listing = 0;             ///< directories: a reference to the listing
  std::uint32_t index_count = 0;         ///< directories: entries of the index
  std::uint32_t parent = 0;              ///< directories: the parent's inode number
  std::uint32_t device = 0;              ///< devices: as the kernel encodes it for users

  [[nodiscard]] bool is(mode_t kind) const noexcept { return (mode & S_IFMT) == kind; }
};

/// Reads and checks the inode of that reference. 0 or EIO.
int read_inode(Reader& reader, std::uint64_t reference, Inode& out);

/// Where a symbolic link leads. 0, EINVAL where `inode` is none, ENAMETOOLONG, or EIO.
int read_link(Reader& reader, const Inode& inode, std::string& out);

/// The file type (S_IF...) of a SquashFS inode type, basic or extended; 0 where there is none such.
mode_t kind_of(unsigned type) noexcept;

}  // namespace berth::read
