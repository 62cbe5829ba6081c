// SPDX-License-Identifier: Apache-2.0
// Where the blocks of large files lie. An image stores only the blocks' sizes, so that the place of
// a block is a sum over all before it; marks along the way keep that sum short.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace berth::read {

/// The state before one block of a file: its size's place in the metadata, its own position.
struct BlockMark {
  std::uint32_t index = 0;
  std::uint64_t block = 0;  ///< the metadata block, as in Place
  std::uint32_t offset = 0;
  std::uint64_t position = 0;
};

/// Marks of the last few large files; at most 128 KiB. Thread-safe.
class FileMarks {
 public:
  /// No walk over fewer is worth a mark.
  static constexpr std::uint32_t kFewestBlocks = 64;

  /// Blocks between two marks of a file with that many.
  static constexpr std::uint32_t stride(std::uint32_t blocks) noexcept {
    return std::max<std::uint32_t>(kFewestBlocks, blocks / kMarks + 1);
  }

  /// Moves `mark` up to the last known one before block `index`, if that is further on.
  void find(std::uint64_t file, std::uint32_t index, BlockMark& mark) {
    const std::scoped_lock lock(mutex_);
    for (File& known : files_) {
      if (known.reference != file) continue;
      known.used = ++tick_;
      const auto after = std::upper_bound(known.marks.begin(), known.marks.end(), index, is_before);
      if (after != known.marks.begin() && std::prev(after)->index > mark.index) {
        mark = *std::prev(after);
      }
      if (known.left.index <= index && known.left.index > mark.index) mark = known.left;
    }
  }

  /// Remembers how far a walk came that was too long. The furthest counts: all before it has marks.
  void leave_off(std::uint64_t file, const BlockMark& mark) {
    const std::scoped_lock lock(mutex_);
    File& known = slot_of(file);
    if (known.left.index < mark.index) known.left = mark;
  }

  void remember(std::uint64_t file, const BlockMark& mark) {
    const std::scoped_lock lock(mutex_);
    File& known = slot_of(file);
    const bool is_new = known.marks.empty() || known.marks.back().index < mark.index;
    if (is_new && known.marks.size() < kMarks) known.marks.push_back(mark);
  }

 private:
  struct File {
    std::uint64_t reference = ~std::uint64_t{0};
    std::uint64_t used = 0;
    std::vector<BlockMark> marks;
    BlockMark left = {};
  };

  static bool is_before(std::uint32_t index, const BlockMark& mark) { return index < mark.index; }

  File& slot_of(std::uint64_t file) {
    File* oldest = files_.data();
    for (File& known : files_) {
      if (known.reference == file) return known;
      if (known.used < oldest->used) oldest = &known;
    }
    oldest->reference = file;
    oldest->used = ++tick_;
    oldest->marks.clear();
    oldest->left = {};
    return *oldest;
  }

  static constexpr std::uint32_t kMarks = 256;

  std::mutex mutex_;
  std::uint64_t tick_ = 0;
  std::array<File, 16> files_;
};

}  // namespace berth::read
