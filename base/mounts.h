// SPDX-License-Identifier: Apache-2.0
// What is mounted where, as the kernel tells it in /proc/PID/mountinfo (proc(5)).
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth {

struct Mount {
  std::string point;   ///< "/" for the root
  std::string kind;    ///< of file system: "fuse.berth"
  std::string source;  ///< as it calls itself
};

/// The mounts in such a text, in its order: of several at one place the last one is seen. Pure.
std::vector<Mount> parse_mounts(std::string_view text);

Result<std::vector<Mount>> read_mounts(const std::string& path);

}  // namespace berth
