// SPDX-License-Identifier: Apache-2.0
// Which control group a container gets for what is asked. Pure, so that a plan can show it and a
// test can invent the machine.
#pragma once

#include "base/error.h"
#include "launcher/cgroup/disks.h"
#include "launcher/cgroup/hierarchy.h"
#include "launcher/model/group.h"

#include <string_view>
#include <vector>

namespace berth::cgroup {

/// What can be done about a limit that is refused; docs/errors.md has a paragraph for each.
inline constexpr const char* kNoDirectory =
    "ask the administrator for a directory of yours in it: mkdir DIR && chown $USER DIR "
    "DIR/cgroup.procs";
inline constexpr const char* kNoDelegation =
    "start it with 'systemd-run --user --scope -p Delegate=yes', or ask the administrator to "
    "delegate that directory";
inline constexpr const char* kNoneFromSlurm =
    "Slurm hands its tasks no group of version 2: bound the task with srun --mem and "
    "--cpus-per-task, or go on without it: --limits=best-effort";
inline constexpr const char* kNoController =
    "ask the administrator to delegate it: Delegate= of user@.service; /proc/cgroups says what "
    "this "
    "kernel has";
inline constexpr const char* kOtherVersion =
    "leave it out, or go on without it: --limits=best-effort";
inline constexpr const char* kOutOfSight =
    "show /sys/fs/cgroup of the node here, where this process's group is to be seen";
inline constexpr const char* kSwapWithMemory =
    "it bounds memory and swap together: give --memory too, and at least as much as that";
inline constexpr const char* kPartitionOfCpus =
    "say which CPUs are to be a partition: --cpuset-cpus=LIST";
inline constexpr const char* kNoDisk = "name a whole disk, as lsblk shows them";

inline constexpr const char* kNothingWeighs =
    "ask the administrator to have the disks weighed: echo bfq > /sys/block/DISK/queue/scheduler, "
    "or "
    "of version 2 io.cost.qos";

inline constexpr const char* kPartOfARule =
    "write the devices that are allowed one by one, or leave out --device-rule: version 1 takes a "
    "rule back only whole";

struct Choice {
  GroupPlan plan;
  std::vector<Error> refused;  ///< a limit each that cannot be enforced, and what would let it
};

/// Every limit asked for is in the plan or refused. A part for each hierarchy that has a limit, and
/// for those that only count, where groups can be made there; and for version 1's that stops
/// processes, where `wishes` say so and version 2, which can do it too, has no place for a group.
Choice choose_group(const GroupWishes& wishes,
                    const std::vector<Ground>& grounds,
                    const Disks& disks);

/// Whether a group, by its place, is that of a job: ".../slurmstepd.scope/job_7/step_0" of version
/// 2, ".../slurm/uid_1000/job_7" of version 1. Whoever clears the job's variables stays in it.
bool is_of_slurm(std::string_view place);

}  // namespace berth::cgroup
