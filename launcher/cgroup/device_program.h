// SPDX-License-Identifier: Apache-2.0
// Version 2 of control groups has no list of devices: the kernel asks a BPF program of the group.
#pragma once

#include "base/error.h"

#include <linux/bpf.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace berth::cgroup {

/// A program of BPF_PROG_TYPE_CGROUP_DEVICE for rules like those of version 1 ("deny c 1:5 rwm",
/// devices.rst): of each of reading, writing and mknod(2) the last rule that is about it counts,
/// and what no rule is about is allowed. Pure. Rules are well formed.
std::vector<bpf_insn> assemble_device_program(std::span<const std::string> rules);

/// Loads it, and has the group ask it besides those that there are above. Nothing where that is
/// done. EPERM for who lacks CAP_BPF or CAP_NET_ADMIN on the node.
std::optional<Refusal> attach_device_program(const std::string& directory,
                                             std::span<const std::string> rules);

}  // namespace berth::cgroup
