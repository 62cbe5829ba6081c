// SPDX-License-Identifier: Apache-2.0
// Compares what is read of an image with its hash tree, each block when it is first read. Shared by
// the threads; holds a bit for each block and the blocks of the tree that were used last.
#pragma once

#include "image/integrity/hash_tree.h"
#include "image/read/block_cache.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace berth::read {

class CheckedBlocks {
 public:
  /// The number of a damaged block of the file.
  using Report = std::function<void(std::uint64_t block)>;

  /// Checks nothing.
  CheckedBlocks() = default;

  /// `tree` was found in the open file `fd`; without data blocks there is nothing to check. The
  /// root is what the tree's last block comes to now, and may not change.
  CheckedBlocks(int fd, const integrity::Tree& tree, Report report);

  CheckedBlocks(const CheckedBlocks&) = delete;
  CheckedBlocks& operator=(const CheckedBlocks&) = delete;
  CheckedBlocks(CheckedBlocks&&) = delete;
  CheckedBlocks& operator=(CheckedBlocks&&) = delete;
  ~CheckedBlocks();

  /// Whether there is a tree.
  [[nodiscard]] bool is_on() const noexcept { return tree_.data_blocks > 0; }

  /// What everything is compared with in the end.
  [[nodiscard]] const integrity::Digest& root() const noexcept { return root_; }

  /// Whether all blocks under a range of the file's bytes have been found good.
  [[nodiscard]] bool are_known(std::uint64_t position, std::uint64_t size) const noexcept;

  /// Whether the whole blocks `bytes`, which lie in the file from block `first` on, are what the
  /// tree says.
  bool check(std::uint64_t first, std::span<const std::byte> bytes);

 private:
  BlockCache::Pin hashes_at(std::size_t level, std::uint64_t index);
  bool is_good(std::size_t level, std::uint64_t index, const integrity::Digest& digest);
  bool check_run(std::uint64_t first, std::span<const std::byte> bytes);
  [[nodiscard]] bool is_known(std::uint64_t block) const noexcept;
  void remember(std::uint64_t block) noexcept;
  void tell(std::uint64_t block);

  using Word = std::atomic<std::uint64_t>;

  static constexpr unsigned kMostReports = 16;

  int fd_ = -1;
  integrity::Tree tree_ = {};
  integrity::Digest root_ = {};
  Report report_ = {};
  BlockCache hashes_{kHashSlots, integrity::kBlockBytes};
  Word* known_ = nullptr;  ///< a bit for each data block; null where that would be too many
  std::size_t known_bytes_ = 0;
  std::atomic<unsigned> reports_ = 0;

  /// More than four threads pin, which hold a block of each level at most.
  static constexpr std::size_t kHashSlots = 64;
};

}  // namespace berth::read
