// SPDX-License-Identifier: Apache-2.0
// The processes of a container: those in its namespaces, and whoever descends from them.
#pragma once

#include "base/result.h"
#include "launcher/state/look.h"

#include <vector>

namespace berth::state {

struct Member {
  Process process;
  ProcessStat stat;
};

class Members {
 public:
  /// Of a container whose program lives. Its namespaces are held, so that their numbers do not
  /// become those of others meanwhile. An error where the program has left them.
  static Result<Members> of(const Container& container);

  /// Those that there are now, by number.
  [[nodiscard]] std::vector<Member> list() const;

  /// Stops all of them: with the container's control group those who are in it, so that they cannot
  /// tell, and the others by SIGSTOP. An error where some do not stop.
  [[nodiscard]] Status pause() const;

  /// Lets all of them go on, and who waits for the program. An error where the control group still
  /// stands still.
  [[nodiscard]] Status resume() const;

  /// Kills all of them, until there are none. EAGAIN where some do not go.
  [[nodiscard]] int kill() const;

 private:
  [[nodiscard]] bool is_frozen(const Member& member) const;

  const Container* container_ = nullptr;
  cgroup::Freezer freezer_;
  UniqueFd mounts_;
  UniqueFd pids_;  ///< none where the container has the node's
};

}  // namespace berth::state
