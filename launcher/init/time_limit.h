// SPDX-License-Identifier: Apache-2.0
// How long a child may run, and its descendants after it. Async-signal-safe: system calls only.
#pragma once

#include <signal.h>

#include <cstdint>

namespace berth::init {

/// Seconds, counted from the fork also while the machine does something else.
struct TimeAllowed {
  std::uint64_t seconds = 0;  ///< 0: for ever
  std::uint64_t grace = 0;    ///< from the stop signal to SIGKILL
  int stop_signal = SIGTERM;
  const char* notice = "";  ///< said on standard error with the stop signal
};

/// When something is due.
class Alarm {
 public:
  void set(std::uint64_t seconds) noexcept;

  void stop() noexcept { is_set_ = false; }

  [[nodiscard]] bool is_due() const noexcept;

  /// As poll(2) takes it; it may wake too early.
  [[nodiscard]] int milliseconds_left() const noexcept;

 private:
  bool is_set_ = false;
  std::int64_t due_ = 0;  ///< milliseconds of CLOCK_MONOTONIC
};

/// Children of this process's, waited for or not.
bool has_children() noexcept;

/// To each child of this process's, of which there may be more than one round tells of.
void signal_children(int number) noexcept;

/// In one go, or not at all where the reader has no room: who is to end a program must not wait.
void say(int to, const char* text) noexcept;

}  // namespace berth::init
