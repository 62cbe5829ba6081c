// SPDX-License-Identifier: Apache-2.0
#include "image/read/checked_blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace berth::read {
namespace {

using integrity::Digest;
using integrity::kBlockBytes;
using integrity::kDigestsInBlock;

constexpr std::size_t kBits = 64;
/// 1 TiB of image takes 32 MiB of addresses; larger ones are checked at every read.
constexpr std::uint64_t kMostKnown = std::uint64_t{1} << 28;
constexpr std::size_t kRun = 32;  ///< blocks that are digested together

/// Whether a block of the tree says `digest` about the block `index` of those below its level.
bool has_digest(const BlockCache::Pin& hashes, std::uint64_t index, const Digest& digest) {
  const std::size_t place = index % kDigestsInBlock * sizeof digest;
  return std::memcmp(hashes.bytes().data() + place, digest.data(), sizeof digest) == 0;
}

}  // namespace

CheckedBlocks::CheckedBlocks(int fd, const integrity::Tree& tree, Report report)
    : fd_(fd),
      tree_(tree),
      report_(std::move(report)) {
  if (!is_on()) return;
  // What is not there leaves a root that nothing agrees with.
  (void)integrity::read_root(fd, tree, root_);
  if (tree.data_blocks > kMostKnown) return;
  known_bytes_ = (tree.data_blocks + kBits - 1) / kBits * sizeof(Word);
  // Pages of zeros, which take memory when they are written.
  void* memory = ::mmap(nullptr,
                        known_bytes_,
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1,
                        0);
  if (memory != MAP_FAILED) known_ = static_cast<Word*>(memory);
}

CheckedBlocks::~CheckedBlocks() {
  if (known_ != nullptr) ::munmap(known_, known_bytes_);
}

bool CheckedBlocks::is_known(std::uint64_t block) const noexcept {
  return known_ != nullptr &&
         (known_[block / kBits].load(std::memory_order_relaxed) >> (block % kBits) & 1) != 0;
}

void CheckedBlocks::remember(std::uint64_t block) noexcept {
  if (known_ == nullptr) return;
  known_[block / kBits].fetch_or(std::uint64_t{1} << (block % kBits), std::memory_order_relaxed);
}

bool CheckedBlocks::are_known(std::uint64_t position, std::uint64_t size) const noexcept {
  const std::uint64_t end = (position + size + kBlockBytes - 1) / kBlockBytes;
  if (end > tree_.data_blocks) return false;
  for (std::uint64_t block = position / kBlockBytes; block < end; ++block)
    if (!is_known(block)) return false;
  return true;
}

void CheckedBlocks::tell(std::uint64_t block) {
  // A program may ask for the same block for ever; a log is not the place for that.
  if (report_ && reports_.fetch_add(1) < kMostReports) report_(block);
}

/// A block of the tree, which has been compared with the one above it. The pins of a chain are
/// given back as it unwinds.
BlockCache::Pin CheckedBlocks::hashes_at(std::size_t level, std::uint64_t index) {
  const std::uint64_t block = tree_.first.at(level) + index;
  return hashes_.get(block, [&](std::span<std::byte> out) {
    if (integrity::read_at(fd_, out, block * kBlockBytes) != out.size()) return Filled{};
    if (is_good(level + 1, index, integrity::digest_of(tree_, out))) return Filled{out.size()};
    tell(block);
    return Filled{};
  });
}

/// Whether `digest` is that of the block `index` below `level`. Levels end with the root.
bool CheckedBlocks::is_good(std::size_t level, std::uint64_t index, const Digest& digest) {
  if (level == tree_.levels) return digest == root_;
  const auto hashes = hashes_at(level, index / kDigestsInBlock);
  return hashes && has_digest(hashes, index, digest);
}

/// A few blocks whose digests lie in one block of the tree.
bool CheckedBlocks::check_run(std::uint64_t first, std::span<const std::byte> bytes) {
  std::array<Digest, kRun> digests;
  const std::size_t count = bytes.size() / kBlockBytes;
  integrity::make_digests(tree_, bytes, digests);
  // Held, so that it is looked for once and not for each block.
  const auto hashes = tree_.levels == 0 ? BlockCache::Pin() : hashes_at(0, first / kDigestsInBlock);
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_good = tree_.levels == 0 ? digests.at(i) == root_
                                           : hashes && has_digest(hashes, first + i, digests.at(i));
    if (!is_good) {
      tell(first + i);
      return false;
    }
    remember(first + i);
  }
  return true;
}

bool CheckedBlocks::check(std::uint64_t first, std::span<const std::byte> bytes) {
  const std::size_t count = bytes.size() / kBlockBytes;
  if (first + count > tree_.data_blocks) return false;
  for (std::size_t i = 0; i < count;) {
    if (is_known(first + i)) {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < count && end - i < kRun && (first + end) % kDigestsInBlock != 0 &&
           !is_known(first + end))
      ++end;
    if (!check_run(first + i, bytes.subspan(i * kBlockBytes, (end - i) * kBlockBytes)))
      return false;
    i = end;
  }
  return true;
}

}  // namespace berth::read
