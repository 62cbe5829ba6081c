// SPDX-License-Identifier: Apache-2.0
// Making a control group, and taking it away when nobody is in it any more.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "launcher/model/group.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cgroup {

/// What can be done where the kernel lacks a file of a group; see choose.h.
inline constexpr const char* kNoFile = "this kernel has no such file: leave the limit out";
inline constexpr const char* kEmptySet =
    "ask the administrator to fill in cpuset.cpus and cpuset.mems of that directory";
inline constexpr const char* kDevicesAreRoots =
    "ask the administrator to forbid devices for the job: ConstrainDevices= of Slurm, DeviceAllow= "
    "of systemd";
inline constexpr const char* kNoPartition =
    "ask the administrator to make a partition of the group above: echo root > "
    "cpuset.cpus.partition";
inline constexpr const char* kLeaveOne =
    "leave one of the group's CPUs out of --cpuset-cpus: its other processes need one";
inline constexpr const char* kProgramsAreRoots =
    "ask the administrator for the capabilities bpf and net_admin (AmbientCapabilities= of "
    "systemd), "
    "or to forbid devices for the job: ConstrainDevices= of Slurm, DeviceAllow= of systemd";
inline constexpr const char* kNotAllOfSet =
    "name only what the group above has: cpuset.cpus.effective and cpuset.mems.effective there";
inline constexpr const char* kNotWeighed =
    "ask the administrator to have the disk weighed: echo 'MAJOR:MINOR enable=1' > "
    "/sys/fs/cgroup/io.cost.qos";
inline constexpr const char* kOfOthers =
    "start it where no other user's process is: systemd-run --user --scope -p Delegate=yes";

/// The kernel takes what is written there, and what has become of it is read (cgroup-v2.rst).
inline constexpr std::string_view kPartitionFile = "cpuset.cpus.partition";

/// No file: a rule of the program that the kernel asks about devices (device_program.h).
inline constexpr std::string_view kDeviceProgram = "(BPF program)";

/// A group that has been made, in each of its hierarchies. It has no destructor that takes it away:
/// the launcher and who stands by it both have it, and only one of them may.
struct Group {
  std::vector<std::string> directories = {};
  std::vector<UniqueFd> doors = {};  ///< its cgroup.procs: who writes "0" is inside
};

/// A name that no other group has: the process and the moment of its start, and the namespace in
/// which it has that number.
std::string group_name();

/// Makes the group, and removes what others have left beside it, see remove_abandoned(). What
/// cannot be written goes to `refused`; then, unless `best_effort`, it is taken away again. An
/// error where there can be no group. What had to make room for it, in version 2, stays in its
/// leaf.
Result<Group> make_group(const GroupPlan& plan,
                         const std::string& name,
                         bool best_effort,
                         std::vector<Error>& refused);

/// Removes from a directory the groups of launches that were killed with whoever stood by them, and
/// lets those go on who were paused there, so that they end.
void remove_abandoned(const std::string& parent);

/// The way into a group that is there, for a program more.
Result<std::vector<UniqueFd>> open_doors(const std::vector<std::string>& directories);

/// Whether all of it is gone, with what was made below it, or can never be removed by us. False
/// while somebody is in it.
bool remove_group(std::span<const std::string> directories) noexcept;

/// The same with patience, for a process that has nothing else to do: who is left in the group is
/// waited for, and let go on where he was paused.
void remove_group_at_last(std::span<const std::string> directories) noexcept;

}  // namespace berth::cgroup
