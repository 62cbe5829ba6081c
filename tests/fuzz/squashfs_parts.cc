// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/squashfs_parts.h"

#include "image/read/decompress.h"

#include <algorithm>

namespace berth::fuzz {
namespace {

using read::Bytes;
using read::number_at;

/// Decompresses what lies in metadata blocks.
class Unpacking {
 public:
  Unpacking(std::span<const std::byte> image, unsigned compressor)
      : image_(image.begin(), image.end()),
        decompressor_(compressor) {}

  /// The blocks from `begin` on that begin before `end`.
  Bytes blocks(std::uint64_t begin, std::uint64_t end) {
    Bytes out;
    end = std::min<std::uint64_t>(end, image_.size());
    while (begin < end && end - begin > 2 && out.size() < kMost) {
      const auto header = number_at<std::uint16_t>(&image_[begin]);
      const std::uint64_t size = std::min<std::uint64_t>(header & 0x7fff, end - begin - 2);
      std::span<std::byte> stored(&image_[begin + 2], size);
      Bytes block(stored.begin(), stored.end());
      if ((header & 0x8000) == 0) {
        block.resize(read::kMetadataBytes);
        block.resize(decompressor_.run(stored, block));
      }
      if (block.empty()) break;
      out.insert(out.end(), block.begin(), block.end());
      begin += 2 + size;
    }
    return out;
  }

  /// The entries of a table of one block. `index` becomes where that begins.
  Bytes entries(std::uint64_t& index, unsigned head = 0) {
    const std::uint64_t at = index + head;
    if (index >= image_.size() || image_.size() - index < head + 8U) return {};
    const std::uint64_t end = index;
    index = number_at<std::uint64_t>(&image_[at]);
    return blocks(index, end);
  }

  [[nodiscard]] std::uint64_t number(std::uint64_t at) const {
    return at < image_.size() && image_.size() - at >= 8 ? number_at<std::uint64_t>(&image_[at])
                                                         : image_.size();
  }

 private:
  static constexpr std::size_t kMost = 1 << 18;

  Bytes image_;
  read::Decompressor decompressor_;
};

}  // namespace

std::optional<read::Forge> take_apart(std::span<const std::byte> image) {
  if (image.size() < read::kSuperblockBytes ||
      !read::check_superblock(image.data(), image.size(), ""))
    return std::nullopt;
  read::Forge forge;
  read::Superblock& super = forge.super = read::parse_superblock(image.data());
  Unpacking unpacking(image, super.compressor);
  const auto data =
      image.subspan(read::kSuperblockBytes, super.inode_table - read::kSuperblockBytes);
  forge.data.assign(data.begin(), data.end());
  forge.inodes = unpacking.blocks(super.inode_table, super.directory_table);
  const std::uint64_t xattrs = unpacking.number(super.xattr_table);
  forge.xattr_sets = unpacking.entries(super.xattr_table, 16);
  forge.xattrs = unpacking.blocks(xattrs, super.xattr_table);
  std::uint64_t end = super.id_table;
  forge.ids = unpacking.entries(end);
  if (super.fragments > 0) {
    std::uint64_t fragments = super.fragment_table;
    forge.fragments = unpacking.entries(fragments);
    end = std::min(end, fragments);
  }
  forge.listings = unpacking.blocks(super.directory_table, end);
  super.xattr_table = read::kNoTable;
  return forge;
}

std::array<Bytes*, 7> parts_of(read::Forge& forge) {
  return {&forge.inodes,
          &forge.listings,
          &forge.fragments,
          &forge.ids,
          &forge.xattrs,
          &forge.xattr_sets,
          &forge.data};
}

}  // namespace berth::fuzz
