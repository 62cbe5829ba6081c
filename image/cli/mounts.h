// SPDX-License-Identifier: Apache-2.0
// What is mounted in another process's root.
#pragma once

#include "base/result.h"

#include <set>
#include <string>
#include <string_view>

namespace berth::cli {

struct Mounts {
  std::set<std::string> points = {};  ///< without the '/' in front and without the root itself
  std::string root = {};              ///< what is mounted there, as it calls itself
};

/// A text like that of /proc/PID/mountinfo (proc(5)). Pure.
Mounts parse_mounts(std::string_view text);

Result<Mounts> read_mounts(const std::string& path);

}  // namespace berth::cli
