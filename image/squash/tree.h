// SPDX-License-Identifier: Apache-2.0
// The tree that goes into an image, as plain data: inodes by number, and names that point to them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace berth::squash {

enum class Kind { directory, file, symlink, fifo, socket };

struct Name {
  std::string name;
  unsigned inode = 0;  ///< index into Tree::inodes
};

struct Inode {
  Kind kind = Kind::directory;
  std::uint16_t mode = 0755;  ///< without the type
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mtime = 0;
  std::vector<std::pair<std::string, std::string>> xattrs = {};
  std::string target = {};       ///< of a symlink
  unsigned content = 0;          ///< of a file: what Writer::begin_file returned
  unsigned links = 1;            ///< names of it; not used for directories
  std::vector<Name> names = {};  ///< of a directory, in byte order
  bool is_first_read = false;    ///< where every launch looks: what is said of it is not compressed
};

struct Tree {
  std::vector<Inode> inodes = {};  ///< the first one is the root directory
};

}  // namespace berth::squash
