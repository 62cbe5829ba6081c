// SPDX-License-Identifier: Apache-2.0
// Waiting by looking, on processors that are not ours alone.
#pragma once

#include <sched.h>

#include <ctime>

namespace berth {

/// Lets whoever else wants this processor have it for a moment. How long that was, in nanoseconds.
inline long give_way_for() noexcept {
  timespec begin{};
  timespec end{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &begin);  // these cannot fail
  (void)::sched_yield();
  (void)::clock_gettime(CLOCK_MONOTONIC, &end);
  return (end.tv_sec - begin.tv_sec) * 1'000'000'000 + end.tv_nsec - begin.tv_nsec;
}

/// The same. False when the moment was long: then somebody computes here, who gives the processor
/// back at the next tick of the clock (1 to 10 ms) and not before. Such a one is pushed aside for
/// who wakes up, so sleep (`sched(7)`, "SCHED_OTHER").
inline bool give_way() noexcept {
  constexpr long kLong = 500'000;  // who works for a launch is quicker
  return give_way_for() < kLong;
}

}  // namespace berth
