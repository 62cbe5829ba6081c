// SPDX-License-Identifier: Apache-2.0
// What the kernel has made of what it took: it takes sets, partitions and rules that do not hold.
#pragma once

#include "base/error.h"
#include "launcher/model/group.h"

#include <optional>
#include <string>

namespace berth::cgroup {

/// Why a setting that was written to the group in `directory` is not in force, with what can be
/// done about it; nothing where it is. Reads the group's files.
std::optional<Error> find_lack(const GroupSetting& setting, const std::string& directory);

}  // namespace berth::cgroup
