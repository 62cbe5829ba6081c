// SPDX-License-Identifier: Apache-2.0
// By itself, so that who only wants the numbers links no decompressor.
#include "image/read/superblock.h"

namespace berth::read {

Superblock parse_superblock(const std::byte* bytes) noexcept {
  Superblock super;
  super.magic = number_at<std::uint32_t>(bytes);
  super.inodes = number_at<std::uint32_t>(bytes + 4);
  super.block_size = number_at<std::uint32_t>(bytes + 12);
  super.fragments = number_at<std::uint32_t>(bytes + 16);
  super.compressor = number_at<std::uint16_t>(bytes + 20);
  super.block_log = number_at<std::uint16_t>(bytes + 22);
  super.ids = number_at<std::uint16_t>(bytes + 26);
  super.major = number_at<std::uint16_t>(bytes + 28);
  super.minor = number_at<std::uint16_t>(bytes + 30);
  super.root = number_at<std::uint64_t>(bytes + 32);
  super.bytes_used = number_at<std::uint64_t>(bytes + 40);
  super.id_table = number_at<std::uint64_t>(bytes + 48);
  super.xattr_table = number_at<std::uint64_t>(bytes + 56);
  super.inode_table = number_at<std::uint64_t>(bytes + 64);
  super.directory_table = number_at<std::uint64_t>(bytes + 72);
  super.fragment_table = number_at<std::uint64_t>(bytes + 80);
  return super;
}

}  // namespace berth::read
