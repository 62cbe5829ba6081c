// SPDX-License-Identifier: Apache-2.0
#include "image/read/root_digest.h"

#include "image/integrity/hash_tree.h"
#include "image/read/superblock.h"

#include <sys/stat.h>

namespace berth::read {

std::string read_root_digest(int fd) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return {};
  const auto superblock = read_superblock(fd, "the image");
  integrity::Tree tree;
  if (!superblock ||
      integrity::find_tree(
          fd, superblock->bytes_used, static_cast<std::uint64_t>(info.st_size), tree) !=
          integrity::Flaw::none ||
      tree.data_blocks == 0)
    return {};
  integrity::Digest root{};
  return integrity::read_root(fd, tree, root) ? integrity::hex_of(root) : std::string();
}

}  // namespace berth::read
