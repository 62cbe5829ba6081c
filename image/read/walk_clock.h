// SPDX-License-Identifier: Apache-2.0
// Ends walks along metadata that take too long. A few megabytes of an image can hold lists of
// billions of entries; those of honest images are passed in a fraction of a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

namespace berth::read {

/// One walk. What counts is the thread's own work: a slow disk or a busy machine is no damage.
class WalkClock {
 public:
  /// The walk begins in the metadata block at `block`, which is free.
  WalkClock(std::chrono::nanoseconds most, std::uint64_t block) : most_(most), block_(block) {}

  /// Whether the walk, now in `block`, has taken too long. Looks only where that is another one.
  bool is_over(std::uint64_t block) {
    if (block == block_) return false;
    block_ = block;
    timespec at{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);  // cannot fail
    const auto now = std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
    if (end_ == std::chrono::nanoseconds::zero()) end_ = now + most_;
    return now >= end_;
  }

 private:
  std::chrono::nanoseconds most_;
  std::uint64_t block_;
  std::chrono::nanoseconds end_{0};
};

}  // namespace berth::read
