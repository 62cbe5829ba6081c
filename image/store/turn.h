// SPDX-License-Identifier: Apache-2.0
// One at a time for a name of the store. Decision 016 says why this is no lock file.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>

namespace berth::store {

/// Held until it is destroyed or the process ends, however that happens.
class Turn {
 public:
  /// Waits until no other process of this user on this node has the turn for the image at `path`.
  /// `wait` is told, when we begin to wait, who has it; 0 when that cannot be known.
  /// An error once `stop` turns non-zero.
  static Result<Turn> take(const std::string& path,
                           const std::atomic<int>& stop,
                           const std::function<void(pid_t)>& wait);

  /// The process that had it last before us; -1: we did not wait.
  [[nodiscard]] pid_t predecessor() const { return predecessor_; }

 private:
  UniqueFd socket_;
  pid_t predecessor_ = -1;
};

}  // namespace berth::store
