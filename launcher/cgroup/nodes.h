// SPDX-License-Identifier: Apache-2.0
// Memory nodes, and whether memory lies near to the CPUs that use it.
#pragma once

#include "base/numbers.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cgroup {

inline constexpr const char* kNodes = "/sys/devices/system/node";

struct MemoryNode {
  unsigned number = 0;
  Numbers cpus = {};  ///< beside it; none of memory that is near to nobody in particular

  bool operator==(const MemoryNode&) const = default;
};

/// By their numbers. None where the kernel does not say.
std::vector<MemoryNode> read_nodes(const std::string& folder = kNodes);

/// Bytes on each node by its number, from a group's memory.numa_stat of either version (numbers of
/// version 1 are of pages). Of version 2 what programs and their files have, and not what the
/// kernel has for them. Nothing where the text is none. Pure.
std::optional<std::vector<std::uint64_t>> parse_numa_stat(std::string_view text,
                                                          std::uint64_t page);

/// What of that lies on nodes that have CPUs, and none of `cpus`. Pure.
std::uint64_t far_memory(const std::vector<std::uint64_t>& bytes,
                         const std::vector<MemoryNode>& nodes,
                         const Numbers& cpus);

/// Pages that all processes of this machine were given since it started: from the node of the CPU
/// that they were on, and from another one.
struct PagesGiven {
  std::uint64_t near = 0;
  std::uint64_t far = 0;
};

/// Nothing where there is one node alone, or the kernel does not count.
std::optional<PagesGiven> read_pages_given(const std::string& folder = kNodes);

}  // namespace berth::cgroup
