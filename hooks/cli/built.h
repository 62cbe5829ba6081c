// SPDX-License-Identifier: Apache-2.0
// A container that is being built, or is there: the process that has become it, and the state that
// its hooks hear (runtime.md of the runtime specification, "State").
#pragma once

#include "base/fd.h"
#include "hooks/edits.h"
#include "hooks/standing.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace berth::hooks {

struct Built {
  pid_t pid = 0;
  pid_t inner_pid = 0;                    ///< in the innermost pid namespace that it is in
  UniqueFd process = {};                  ///< a pidfd
  std::vector<UniqueFd> namespaces = {};  ///< of it, that we are not in
};

Built look_at_built(pid_t pid);

bool has_gone(const Built& built);

/// Whether hooks of that stage run in the container's namespaces.
bool is_inside(Stage stage);

/// A line of JSON.
std::string state_text(const Standing& standing, const Built& built, Stage stage);

}  // namespace berth::hooks
