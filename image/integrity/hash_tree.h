// SPDX-License-Identifier: Apache-2.0
// The hash tree behind an image: what `veritysetup format` writes and the kernel's dm-verity reads,
// version 1, with SHA-256 and blocks of 4 KiB. Where its parts lie, and one block against it.
#pragma once

#include "image/integrity/sha256.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace berth::integrity {

constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kDigestsInBlock = kBlockBytes / sizeof(Digest);
constexpr std::size_t kHeaderBytes = 512;
constexpr std::size_t kMostSalt = 256;
/// A file has at most 2^63 bytes: 2^51 blocks, whose digests 8 levels of 128 cover.
constexpr std::size_t kMostLevels = 8;

/// Where the tree over the first `data_blocks` blocks lies. Level 0 has the digests of the data,
/// the last level is one block; the tree's header is the block behind the data, and the last level
/// the block behind that.
struct Tree {
  std::uint64_t data_blocks = 0;
  std::size_t levels = 0;                              ///< 0 for one data block, which is the root
  std::array<std::uint64_t, kMostLevels> first = {};   ///< of each level: the number of its first
  std::array<std::uint64_t, kMostLevels> blocks = {};  ///< ... and how many; blocks of the file
  std::uint64_t end = 0;                               ///< the first block behind the tree
  std::size_t salt_size = 0;
  std::array<std::byte, kMostSalt> salt_bytes = {};

  [[nodiscard]] std::span<const std::byte> salt() const noexcept {
    return std::span(salt_bytes).first(salt_size);
  }
};

/// The shape of a tree without salt over `data_blocks`, at least 1 and at most 2^51.
Tree make_tree(std::uint64_t data_blocks) noexcept;

/// What makes a tree unusable.
enum class Flaw : std::uint8_t {
  none,
  no_header,   ///< there is a tree, but not its header
  version,     ///< not dm-verity's version 1
  algorithm,   ///< not SHA-256 over blocks of 4 KiB
  salt,        ///< longer than a header can hold
  extent,      ///< made for another number of blocks
  truncated,   ///< the file ends inside of it
  superblock,  ///< the image's superblock, which led to it, is not what it says
  missing,     ///< there is none, and one was asked for
  other_root,  ///< its root is not the one that was asked for
  unreadable   ///< the file gave no bytes
};

/// What is wrong with the tree, in words that follow "its hash tree": "is truncated".
const char* words_for(Flaw flaw) noexcept;

/// Takes the header of a tree over `data_blocks` blocks apart, whatever it says.
Flaw parse_header(std::span<const std::byte, kHeaderBytes> bytes,
                  std::uint64_t data_blocks,
                  Tree& out) noexcept;

/// The header of `tree`, with the beginning of the root's digest as its UUID.
std::array<std::byte, kHeaderBytes> make_header(const Tree& tree, const Digest& root) noexcept;

/// The tree of the open file `fd` of `file_bytes`, whose SquashFS ends at `used_bytes`. A file that
/// has none is Flaw::none with 0 data blocks. Reads two or three blocks.
Flaw find_tree(int fd, std::uint64_t used_bytes, std::uint64_t file_bytes, Tree& out) noexcept;

/// The digest that all others lead to: of the last level's block. False where that cannot be read.
bool read_root(int fd, const Tree& tree, Digest& out) noexcept;

/// The same in hexadecimal digits, of the tree that find_tree() finds; empty where there is none or
/// it is damaged.
std::string read_root_text(int fd, std::uint64_t used_bytes, std::uint64_t file_bytes);

/// The digest of one block of data or of the tree.
Digest digest_of(const Tree& tree, std::span<const std::byte> block) noexcept;

/// The digests of the blocks in `bytes`, a whole number of them, into `out`.
void make_digests(const Tree& tree,
                  std::span<const std::byte> bytes,
                  std::span<Digest> out) noexcept;

/// pread(2) through interruptions and short reads. The number of bytes that were there.
std::size_t read_at(int fd, std::span<std::byte> out, std::uint64_t position) noexcept;

}  // namespace berth::integrity
