// SPDX-License-Identifier: Apache-2.0
// Waiting by looking, on processors that are not ours alone.
#pragma once

#include <sched.h>

#include <ctime>

namespace berth {

/// Lets whoever else wants this processor have it for a moment. False when the moment was long:
/// then somebody computes here, who gives it back at the next tick of the clock (1 to 10 ms) and
/// not before. Such a one is pushed aside for who wakes up, so sleep (`sched(7)`, "SCHED_OTHER").
inline bool give_way() noexcept {
  constexpr long kLong = 500'000;  // nanoseconds; who works for a launch is quicker
  timespec begin{};
  timespec end{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &begin);  // these cannot fail
  (void)::sched_yield();
  (void)::clock_gettime(CLOCK_MONOTONIC, &end);
  return (end.tv_sec - begin.tv_sec) * 1'000'000'000 + end.tv_nsec - begin.tv_nsec < kLong;
}

}  // namespace berth
