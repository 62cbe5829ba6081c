// SPDX-License-Identifier: Apache-2.0
// Where listings were left. Readers of a large directory come back for the next part by a number;
// with these marks that costs nothing, without one it costs a walk from the beginning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace berth::read {

/// A point between two entries of a listing.
struct ListingState {
  std::uint64_t block = 0;     ///< the metadata block, as in Place
  std::uint32_t offset = 0;    ///< ... and where in it
  std::uint32_t position = 0;  ///< bytes of the listing before it
  std::uint32_t left = 0;      ///< entries left under the last header
  std::uint32_t inodes = 0;    ///< that header's block of inodes
  std::uint32_t number = 0;    ///< ... and inode number, to which the entries' are relative
};

/// The last few; thread-safe.
class DirectoryMarks {
 public:
  bool find(std::uint64_t directory, std::uint32_t position, ListingState& out) {
    const std::scoped_lock lock(mutex_);
    for (const Mark& mark : marks_) {
      if (mark.directory == directory && mark.state.position == position) {
        out = mark.state;
        return true;
      }
    }
    return false;
  }

  void remember(std::uint64_t directory, const ListingState& state) {
    const std::scoped_lock lock(mutex_);
    marks_.at(next_) = {directory, state};
    next_ = (next_ + 1) % marks_.size();
  }

 private:
  struct Mark {
    std::uint64_t directory = ~std::uint64_t{0};
    ListingState state;
  };

  std::mutex mutex_;
  std::array<Mark, 32> marks_;
  std::size_t next_ = 0;
};

}  // namespace berth::read
