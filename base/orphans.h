// SPDX-License-Identifier: Apache-2.0
// Processes of ours that are nobody's children: the program that we become must not meet them in
// wait(2).
#pragma once

#include <sys/types.h>

#include <span>

namespace berth {

class Orphan {
 public:
  Orphan() = default;
  Orphan(const Orphan&) = delete;
  Orphan& operator=(const Orphan&) = delete;
  virtual ~Orphan() = default;

  /// All that the process does. Ends it.
  [[noreturn]] virtual void live() noexcept = 0;

  /// Told of its pid, before start_orphans() returns, in a process that shares our descriptors and
  /// perhaps our memory: async-signal-safe.
  virtual void note(pid_t pid) noexcept { (void)pid; }
};

/// Starts them, in this order, from one process in between, which ends then. Two at once take a
/// tenth of a millisecond less than one after the other. 0, or the errno of the first that could
/// not be started; those before it live. The caller has one thread, and waits for its children
/// (base/children.h).
int start_orphans(std::span<Orphan* const> orphans) noexcept;

}  // namespace berth
