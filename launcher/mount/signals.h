// SPDX-License-Identifier: Apache-2.0
// Signals that ask us to end, held back so that they come between two things and not within one.
#pragma once

#include <signal.h>

namespace berth::mount {

/// While it lives SIGINT, SIGTERM and SIGHUP wait; those that our parent has us ignore stay
/// ignored.
class HeldSignals {
 public:
  HeldSignals() noexcept;
  HeldSignals(HeldSignals&&) = delete;
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(HeldSignals&&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();

  /// One that has come meanwhile, or 0.
  [[nodiscard]] int take() const noexcept;

  /// Waits for one, or until `fd` can be read. 0 in that case.
  [[nodiscard]] int wait(int fd) const noexcept;

 private:
  sigset_t held_;
  sigset_t before_;
};

}  // namespace berth::mount
