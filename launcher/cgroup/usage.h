// SPDX-License-Identifier: Apache-2.0
// What the processes of a control group have used, and what held them back.
#pragma once

#include "launcher/cgroup/hierarchy.h"
#include "launcher/model/group.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace berth::cgroup {

/// Nothing where the kernel does not say. Times in microseconds, sizes in bytes.
struct Usage {
  std::optional<std::uint64_t> cpu = {};
  std::optional<std::uint64_t> periods = {};    ///< of the quota
  std::optional<std::uint64_t> throttled = {};  ///< ... in which somebody had to wait for the next
  std::optional<std::uint64_t> memory = {};
  std::optional<std::uint64_t> memory_limit = {};
  std::optional<std::uint64_t> memory_peak = {};
  std::optional<std::uint64_t> memory_full = {};  ///< how often its own limit was in the way
  std::optional<std::uint64_t> oom_kills = {};
  std::optional<std::uint64_t> pids = {};
  std::optional<std::uint64_t> pids_refused = {};
  /// Pressure stall information: how long some of them have waited.
  std::optional<std::uint64_t> cpu_waits = {};
  std::optional<std::uint64_t> memory_waits = {};
  std::optional<std::uint64_t> io_waits = {};
  /// Bytes on each memory node, by its number.
  std::optional<std::vector<std::uint64_t>> memory_on = {};
  /// Faults that the kernel made to see which node's CPUs use what, and pages that it then moved to
  /// the node of the CPU (Linux 6.13, version 2, with numa_balancing).
  std::optional<std::uint64_t> balancing_faults = {};
  std::optional<std::uint64_t> pages_moved = {};
  /// Pages that the machine gave out meanwhile, to whoever it was; see PagesGiven.
  std::optional<std::uint64_t> pages_near = {};
  std::optional<std::uint64_t> pages_far = {};
};

/// The number behind `key` in lines "KEY NUMBER"; of an empty key, the text itself. Pure.
std::optional<std::uint64_t> number_in(const std::string& text, const std::string& key);

/// Of "some avg10=0.00 avg60=0.00 avg300=0.00 total=123". Pure.
std::optional<std::uint64_t> total_in(const std::string& text);

/// Of a group that has parts in these directories, of either version.
Usage read_usage(std::span<const std::string> directories);

/// The share of its time in which the quota held it back, in percent; 0 where nobody counts.
unsigned throttled_share(const Usage& usage);

/// What a user should know at the end though he has not asked, a sentence each. `is_killed`: the
/// program has ended by SIGKILL. Pure.
std::vector<std::string> remarks_on(const Usage& usage,
                                    const GroupWishes& wishes,
                                    const std::string& program,
                                    bool is_killed);

/// "CPU 1.25 s, ...". Pure.
std::string summary_of(const Usage& usage);

/// The directories of the group that a launch has made for the container of a process; none where
/// it has made none. The process may be in a group below it.
std::vector<std::string> directories_of(const std::vector<Hierarchy>& hierarchies);

/// Where a process of that container is in them, which is where another one can go.
std::vector<std::string> places_in_group(const std::vector<Hierarchy>& hierarchies);

}  // namespace berth::cgroup
