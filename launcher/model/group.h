// SPDX-License-Identifier: Apache-2.0
// Control groups: what a user can ask for, and the group that a container gets. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// What can be bounded, in the order of kLimitNames.
enum class LimitKind : unsigned char {
  memory,
  memory_high,
  memory_swap,
  oom_group,
  cpus,
  cpu_weight,
  cpuset_cpus,
  cpuset_mems,
  cpuset_partition,
  pids,
  read_bps,
  write_bps,
  read_iops,
  write_iops,
  io_weight,
  device_weight,
  device_rule,
  hugetlb,
  rdma,
  net_class,
  net_priority
};

/// Their options, without dashes, and the controllers as both versions of control groups call them
/// (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst); "" where one has nothing like it.
struct LimitName {
  std::string_view option;
  std::string_view first;
  std::string_view second;
};

inline constexpr std::array<LimitName, 21> kLimitNames = {{{"memory", "memory", "memory"},
                                                           {"memory-high", "", "memory"},
                                                           {"memory-swap", "memory", "memory"},
                                                           {"oom-group", "", "memory"},
                                                           {"cpus", "cpu", "cpu"},
                                                           {"cpu-weight", "cpu", "cpu"},
                                                           {"cpuset-cpus", "cpuset", "cpuset"},
                                                           {"cpuset-mems", "cpuset", "cpuset"},
                                                           {"cpuset-partition", "", "cpuset"},
                                                           {"pids-limit", "pids", "pids"},
                                                           {"device-read-bps", "blkio", "io"},
                                                           {"device-write-bps", "blkio", "io"},
                                                           {"device-read-iops", "blkio", "io"},
                                                           {"device-write-iops", "blkio", "io"},
                                                           {"io-weight", "blkio", "io"},
                                                           {"device-weight", "blkio", "io"},
                                                           {"device-rule", "devices", ""},
                                                           {"hugetlb", "hugetlb", "hugetlb"},
                                                           {"rdma", "rdma", "rdma"},
                                                           {"net-class", "net_cls", ""},
                                                           {"net-priority", "net_prio", ""}}};

constexpr const LimitName& names_of(LimitKind kind) {
  return kLimitNames[static_cast<std::size_t>(kind)];
}

inline constexpr std::uint64_t kUnbounded = UINT64_MAX;

struct GroupLimit {
  LimitKind kind = LimitKind::memory;
  std::string key = {};      ///< of what: a device's path, a size of pages, a set of numbers,
                             ///< a kind of partition, a rule
  std::uint64_t number = 0;  ///< bytes; of CPUs, microseconds in each 100 ms; kUnbounded: none
  std::string text = {};     ///< as typed

  bool operator==(const GroupLimit&) const = default;
};

/// "--memory=64M".
inline std::string words_of(const GroupLimit& limit) {
  const std::string option = "--" + std::string(names_of(limit.kind).option);
  return limit.text.empty() ? option : option + "=" + limit.text;
}

/// What a request asks of a control group.
struct GroupWishes {
  std::vector<GroupLimit> limits = {};
  bool best_effort = false;  ///< goes on without what cannot be enforced
  bool stats = false;        ///< says in the end what was used
  bool can_pause = false;    ///< somebody may stop all of it: it has a name, and is in no job

  [[nodiscard]] bool ask_for_group() const { return stats || !limits.empty(); }

  bool operator==(const GroupWishes&) const = default;
};

/// A file of a new group, and what is written there.
struct GroupSetting {
  std::string file;
  std::string text;
  std::string words = {};  ///< the option that asks for it

  bool operator==(const GroupSetting&) const = default;
};

/// A new group in one hierarchy.
struct GroupPart {
  std::string parent;        ///< the directory where it is made
  bool is_unified = false;   ///< of version 2
  std::string leaf = {};     ///< where the processes of `parent` have to go first; "" if nowhere
  std::string enabled = {};  ///< "+memory +cpu": what `parent` has to hand on
  std::vector<GroupSetting> settings = {};

  bool operator==(const GroupPart&) const = default;
};

/// The container's control group, in all hierarchies that have a part of it.
struct GroupPlan {
  std::vector<GroupPart> parts = {};

  bool operator==(const GroupPlan&) const = default;
};

}  // namespace berth
