// SPDX-License-Identifier: Apache-2.0
// What is mounted in another process's root.
#pragma once

#include "base/result.h"

#include <set>
#include <string>
#include <string_view>

namespace berth::cli {

/// The mount points in a text like that of /proc/PID/mountinfo (proc(5)), without the '/' in front
/// and without the root itself. Pure.
std::set<std::string> parse_mounts(std::string_view text);

Result<std::set<std::string>> read_mounts(const std::string& path);

}  // namespace berth::cli
