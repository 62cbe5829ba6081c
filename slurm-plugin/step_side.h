// SPDX-License-Identifier: Apache-2.0
// The plugin inside slurmstepd, which is root: it renames a variable and waits for processes to
// end. It never opens a path and never signals anything.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "slurm-plugin/slurm.h"

#include <cstdint>
#include <string>
#include <vector>

namespace berth::slurm_plugin {

/// slurmstepd kills what is left of a step when its last task has gone, and then sleeps for a
/// second, although berth's processes need only some milliseconds more. So `berth` tells their
/// numbers, and the step ends when they have gone.
class StepSide {
 public:
  /// Before the tasks are made, as the user. Does nothing for a step that is not ours.
  void prepare(spank_t spank);

  /// In a task's own process, as the user, just before exec: gives the travelling variable, if the
  /// task has it, the name that `berth` looks for. A batch script gets `berth` in its place, which
  /// for steps srun has done.
  Status hand_over_task(spank_t spank, const std::vector<std::string>& plugin_words) const;

  /// After a task has gone, as root. After the last one of the node: waits until berth's processes
  /// have gone too, a fraction of a second at most.
  void end_task(spank_t spank);

 private:
  Status hand_over_pipe(spank_t spank) const;

  Pipe helpers_;  ///< pids, written by `berth`
  std::uint32_t ended_ = 0;
};

}  // namespace berth::slurm_plugin
