// SPDX-License-Identifier: Apache-2.0
// The plugin inside slurmstepd. It runs in a task's own process, as the user and just before exec,
// and only renames a variable: nothing of ours is done with privilege.
#pragma once

#include "base/result.h"
#include "slurm-plugin/slurm.h"

namespace berth::slurm_plugin {

/// Gives the travelling variable, if the task has it, the name that `berth` looks for.
Status hand_over_task(spank_t spank);

}  // namespace berth::slurm_plugin
