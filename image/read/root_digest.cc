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
  if (!superblock) return {};
  return integrity::read_root_text(
      fd, superblock->bytes_used, static_cast<std::uint64_t>(info.st_size));
}

}  // namespace berth::read
