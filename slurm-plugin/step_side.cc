// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/step_side.h"

#include "slurm-plugin/task.h"

#include <string>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

// Return codes were renumbered in 21.08; only zero means the same everywhere.
bool succeeded(spank_err_t code) {
  return static_cast<int>(code) == 0;
}

/// The task's variable, or null.
const char* find_in(char* const* environment, std::string_view name) {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('='))
      return *environment + name.size() + 1;
  }
  return nullptr;
}

}  // namespace

Status hand_over_task(spank_t spank) {
  const Error failed{Blame::host, "hand the container's description to the task", {}, ""};
  char** environment = nullptr;
  if (!succeeded(spank_get_item(spank, S_JOB_ENV, &environment))) return failed;
  const char* found = find_in(environment, kTravellingVariable);
  if (found == nullptr) return Done{};
  const std::string text = found;  // Slurm moves its array when it changes
  if (!succeeded(spank_setenv(spank, kTaskVariable, text.c_str(), 1))) return failed;
  if (!succeeded(spank_unsetenv(spank, kTravellingVariable))) return failed;
  return Done{};
}

}  // namespace berth::slurm_plugin
