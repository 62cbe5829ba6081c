// SPDX-License-Identifier: Apache-2.0
#include "image/integrity/hash_tree.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace berth::integrity {
namespace {

static_assert(std::endian::native == std::endian::little, "a header is read as it lies on disk");

/// The header as it lies on disk.
struct Header {
  std::array<char, 8> signature;
  std::uint32_t version;
  std::uint32_t hash_type;  ///< 1: the salt comes before the block
  std::array<std::byte, 16> uuid;
  std::array<char, 32> algorithm;
  std::uint32_t data_block_size;
  std::uint32_t hash_block_size;
  std::uint64_t data_blocks;
  std::uint16_t salt_size;
  std::array<std::byte, 6> unused;
  std::array<std::byte, kMostSalt> salt;
  std::array<std::byte, 168> rest;
};

static_assert(sizeof(Header) == kHeaderBytes);

constexpr std::array<char, 8> kSignature{'v', 'e', 'r', 'i', 't', 'y', 0, 0};
constexpr std::array<char, 32> kAlgorithm{'s', 'h', 'a', '2', '5', '6'};
constexpr std::uint64_t kMostBlocks = std::uint64_t{1} << 51;

constexpr std::uint64_t blocks_for(std::uint64_t count, std::uint64_t unit) noexcept {
  return count / unit + (count % unit != 0 ? 1 : 0);
}

bool is_signed(const std::array<std::byte, kHeaderBytes>& bytes) noexcept {
  return std::memcmp(bytes.data(), kSignature.data(), kSignature.size()) == 0;
}

/// The number of data blocks with whose tree a file has `file_blocks` blocks, or 0.
std::uint64_t data_blocks_for(std::uint64_t file_blocks) noexcept {
  std::uint64_t low = 1;
  std::uint64_t high = std::min(file_blocks, kMostBlocks);
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (make_tree(middle).end < file_blocks) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return make_tree(low).end == file_blocks ? low : 0;
}

bool read_header(int fd, std::uint64_t block, std::array<std::byte, kHeaderBytes>& out) noexcept {
  return read_at(fd, out, block * kBlockBytes) == out.size();
}

}  // namespace

Tree make_tree(std::uint64_t data_blocks) noexcept {
  Tree tree;
  tree.data_blocks = data_blocks;
  for (std::uint64_t below = data_blocks; below > 1; ++tree.levels) {
    below = blocks_for(below, kDigestsInBlock);
    tree.blocks.at(tree.levels) = below;
  }
  tree.end = data_blocks + 1;
  for (std::size_t level = tree.levels; level-- > 0;) {
    tree.first.at(level) = tree.end;
    tree.end += tree.blocks.at(level);
  }
  return tree;
}

const char* words_for(Flaw flaw) noexcept {
  switch (flaw) {
    case Flaw::none:
      return "is sound";
    case Flaw::no_header:
      return "has no header where the image ends";
    case Flaw::version:
      return "is of another version than 1";
    case Flaw::algorithm:
      return "is not made with sha256 and blocks of 4096 bytes";
    case Flaw::salt:
      return "says that its salt is longer than can be";
    case Flaw::extent:
      return "is made for an image of another size";
    case Flaw::truncated:
      return "is truncated";
    case Flaw::superblock:
      return "does not agree with the superblock";
    case Flaw::missing:
      return "is missing";
    case Flaw::other_root:
      return "is another one";
    case Flaw::unreadable:
      break;
  }
  return "cannot be read";
}

Flaw parse_header(std::span<const std::byte, kHeaderBytes> bytes,
                  std::uint64_t data_blocks,
                  Tree& out) noexcept {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.signature != kSignature) return Flaw::no_header;
  if (header.version != 1 || header.hash_type != 1) return Flaw::version;
  if (header.algorithm != kAlgorithm || header.data_block_size != kBlockBytes ||
      header.hash_block_size != kBlockBytes)
    return Flaw::algorithm;
  if (header.salt_size > kMostSalt) return Flaw::salt;
  if (header.data_blocks != data_blocks || data_blocks == 0 || data_blocks > kMostBlocks)
    return Flaw::extent;
  out = make_tree(data_blocks);
  out.salt_size = header.salt_size;
  out.salt_bytes = header.salt;
  return Flaw::none;
}

std::array<std::byte, kHeaderBytes> make_header(const Tree& tree, const Digest& root) noexcept {
  Header header{};
  header.signature = kSignature;
  header.version = 1;
  header.hash_type = 1;
  std::copy_n(root.begin(), header.uuid.size(), header.uuid.begin());
  header.algorithm = kAlgorithm;
  header.data_block_size = kBlockBytes;
  header.hash_block_size = kBlockBytes;
  header.data_blocks = tree.data_blocks;
  header.salt_size = static_cast<std::uint16_t>(tree.salt_size);
  header.salt = tree.salt_bytes;
  std::array<std::byte, kHeaderBytes> bytes;
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

// One number in the image's superblock says where the tree is. So that damage to that number does
// not make an image look as if it had none, the file's size is asked too: with a tree, it tells the
// same.
Flaw find_tree(int fd, std::uint64_t used_bytes, std::uint64_t file_bytes, Tree& out) noexcept {
  out = {};
  const std::uint64_t data_blocks = blocks_for(used_bytes, kBlockBytes);
  const std::uint64_t file_blocks = file_bytes / kBlockBytes;
  if (file_blocks <= data_blocks || data_blocks == 0) return Flaw::none;
  std::array<std::byte, kHeaderBytes> bytes;
  if (!read_header(fd, data_blocks, bytes)) return Flaw::unreadable;
  const std::uint64_t promised = data_blocks_for(file_blocks);
  if (is_signed(bytes)) {
    const Flaw flaw = parse_header(bytes, data_blocks, out);
    if (flaw != Flaw::none || out.end <= file_blocks) return flaw;
    out = {};
    return Flaw::truncated;
  }
  // Zeros are what fills files up to a size that somebody likes.
  const bool is_empty =
      std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
  if (promised == data_blocks && !is_empty) return Flaw::no_header;
  if (promised == 0 || promised == data_blocks) return Flaw::none;
  if (!read_header(fd, promised, bytes)) return Flaw::unreadable;
  return is_signed(bytes) ? Flaw::no_header : Flaw::none;
}

bool read_root(int fd, const Tree& tree, Digest& out) noexcept {
  std::array<std::byte, kBlockBytes> block;
  const std::uint64_t last = tree.levels == 0 ? 0 : tree.first.at(tree.levels - 1);
  if (read_at(fd, block, last * kBlockBytes) != block.size()) return false;
  out = digest_of(tree, block);
  return true;
}

std::string read_root_text(int fd, std::uint64_t used_bytes, std::uint64_t file_bytes) {
  Tree tree;
  Digest root;
  if (find_tree(fd, used_bytes, file_bytes, tree) != Flaw::none || tree.data_blocks == 0) return {};
  return read_root(fd, tree, root) ? hex_of(root) : std::string();
}

Digest digest_of(const Tree& tree, std::span<const std::byte> block) noexcept {
  Sha256 hash;
  hash.add(tree.salt());
  hash.add(block);
  return hash.take();
}

void make_digests(const Tree& tree,
                  std::span<const std::byte> bytes,
                  std::span<Digest> out) noexcept {
  const auto block = [&](std::size_t i) { return bytes.subspan(i * kBlockBytes, kBlockBytes); };
  const std::size_t count = bytes.size() / kBlockBytes;
  std::size_t i = 0;
  for (; i + 1 < count; i += 2) {
    Sha256 first;
    Sha256 second;
    Sha256::add_to_two(first, tree.salt(), second, tree.salt());
    Sha256::add_to_two(first, block(i), second, block(i + 1));
    out[i] = first.take();
    out[i + 1] = second.take();
  }
  if (i < count) out[i] = digest_of(tree, block(i));
}

std::size_t read_at(int fd, std::span<std::byte> out, std::uint64_t position) noexcept {
  std::size_t got = 0;
  while (got < out.size()) {
    const ssize_t n =
        ::pread(fd, out.data() + got, out.size() - got, static_cast<off_t>(position + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

}  // namespace berth::integrity
