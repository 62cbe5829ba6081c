// SPDX-License-Identifier: Apache-2.0
// Waiting for our own children where whoever started us has SIGCHLD ignored: the kernel would then
// forget them, and wait(2) would know of none (signal(7), SA_NOCLDWAIT).
#pragma once

#include <signal.h>

namespace berth {

/// While it lives children are waited for. Afterwards SIGCHLD is as it was, because the program
/// that follows inherits it.
class AwaitedChildren {
 public:
  AwaitedChildren() noexcept : before_(::signal(SIGCHLD, SIG_DFL)) {}

  AwaitedChildren(const AwaitedChildren&) = delete;
  AwaitedChildren& operator=(const AwaitedChildren&) = delete;

  ~AwaitedChildren() {
    if (before_ == SIG_IGN) (void)::signal(SIGCHLD, SIG_IGN);  // SIGCHLD can be ignored
  }

 private:
  void (*before_)(int);
};

}  // namespace berth
