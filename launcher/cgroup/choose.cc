// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/choose.h"

#include "base/text.h"
#include "launcher/cgroup/device_rules.h"
#include "launcher/cgroup/group.h"

#include <algorithm>
#include <array>
#include <optional>

namespace berth::cgroup {

namespace {

constexpr std::uint64_t kPeriod = 100'000;  ///< microseconds, the kernel's default

std::string number_text(std::uint64_t number, const char* without) {
  return number == kUnbounded ? without : std::to_string(number);
}

/// 100 is what a group has by itself in version 2, 1024 in version 1.
std::string shares_of(std::uint64_t weight) {
  constexpr std::uint64_t kLeast = 2;
  return std::to_string(std::max(kLeast, weight * 1024 / 100));
}

/// BFQ's goes to 1000 (blkio-controller.rst).
std::string bfq_weight(std::uint64_t weight) {
  constexpr std::uint64_t kMost = 1000;
  return std::to_string(std::min(weight, kMost));
}

/// "deny c 1:3 rwm" (devices.rst).
GroupSetting device_rule(const std::string& rule) {
  const std::size_t blank = std::min(rule.find(' '), rule.size());
  return {"devices." + rule.substr(0, blank), rule.substr(std::min(blank + 1, rule.size()))};
}

/// What both versions write alike.
std::vector<GroupSetting> alike(const GroupLimit& limit) {
  switch (limit.kind) {
    case LimitKind::cpuset_cpus:
      return {{"cpuset.cpus", limit.key}};
    case LimitKind::cpuset_mems:
      return {{"cpuset.mems", limit.key}};
    case LimitKind::pids:
      return {{"pids.max", number_text(limit.number, "max")}};
    case LimitKind::rdma:
      return {{"rdma.max", limit.key}};
    default:
      return {};
  }
}

std::vector<GroupSetting> of_first_version(const GroupLimit& limit, const std::string& device) {
  const std::string number = number_text(limit.number, "-1");
  switch (limit.kind) {
    case LimitKind::memory:
      return {{"memory.limit_in_bytes", number}};
    case LimitKind::memory_swap:
      return {{"memory.memsw.limit_in_bytes", number}};
    case LimitKind::cpus:
      return {{"cpu.cfs_period_us", std::to_string(kPeriod)}, {"cpu.cfs_quota_us", number}};
    case LimitKind::cpu_weight:
      return {{"cpu.shares", shares_of(limit.number)}};
    case LimitKind::read_bps:
      return {{"blkio.throttle.read_bps_device", device + " " + number}};
    case LimitKind::write_bps:
      return {{"blkio.throttle.write_bps_device", device + " " + number}};
    case LimitKind::read_iops:
      return {{"blkio.throttle.read_iops_device", device + " " + number}};
    case LimitKind::write_iops:
      return {{"blkio.throttle.write_iops_device", device + " " + number}};
    case LimitKind::io_weight:
      return {{"blkio.bfq.weight", bfq_weight(limit.number)}};
    case LimitKind::device_weight:
      return {{"blkio.bfq.weight_device", device + " " + bfq_weight(limit.number)}};
    case LimitKind::device_rule:
      return {device_rule(limit.key)};
    case LimitKind::hugetlb:
      return {{"hugetlb." + limit.key + ".limit_in_bytes", number}};
    case LimitKind::net_class:
      return {{"net_cls.classid", number}};
    case LimitKind::net_priority:
      return {{"net_prio.ifpriomap", limit.key}};
    default:
      return alike(limit);
  }
}

bool is_of_device(LimitKind kind) {
  return kind == LimitKind::read_bps || kind == LimitKind::write_bps ||
         kind == LimitKind::read_iops || kind == LimitKind::write_iops ||
         kind == LimitKind::device_weight;
}

std::string controller_of(const GroupLimit& limit, bool is_unified) {
  const LimitName& names = names_of(limit.kind);
  return std::string(is_unified ? names.second : names.first);
}

bool has(const Ground& ground, const std::string& controller) {
  return !controller.empty() &&
         std::find(ground.controllers.begin(), ground.controllers.end(), controller) !=
             ground.controllers.end();
}

/// A hierarchy of either version that has what bounds this, if there is one. Of devices that is any
/// of version 2, behind the list of version 1.
const Ground* ground_for(const GroupLimit& limit, const std::vector<Ground>& grounds) {
  auto found = std::find_if(grounds.begin(), grounds.end(), [&](const Ground& ground) {
    return has(ground, controller_of(limit, ground.is_unified));
  });
  if (found == grounds.end() && limit.kind == LimitKind::device_rule)
    found = std::find_if(
        grounds.begin(), grounds.end(), [](const Ground& ground) { return ground.is_unified; });
  return found == grounds.end() ? nullptr : &*found;
}

Error refuse(const GroupLimit& limit, const std::string& why, const char* hint) {
  return {Blame::host, "enforce " + words_of(limit) + ": " + why, {}, hint};
}

Error no_controller(const GroupLimit& limit, const std::vector<Ground>& grounds) {
  const LimitName& names = names_of(limit.kind);
  const std::string name(names.second.empty() ? names.first : names.second);
  const bool is_of_other_version =
      std::any_of(grounds.begin(), grounds.end(), [&](const Ground& ground) {
        return has(ground, std::string(ground.is_unified ? names.first : names.second));
      });
  if (!is_of_other_version)
    return refuse(limit, "no control group here has the controller " + quote(name), kNoController);
  return refuse(limit,
                std::string("this node has control groups of version ") +
                    (names.first.empty() ? "1" : "2") + " for " + quote(name) +
                    ", which have nothing like it",
                kOtherVersion);
}

/// ".../NODE_slurmstepd.scope/job_7/step_0/user/task_0".
Error no_ground(const GroupLimit& limit, const Ground& ground) {
  const std::string controller = controller_of(limit, ground.is_unified);
  const std::string name = quote(controller.empty() ? "devices" : controller);
  if (ground.place.empty())
    return refuse(
        limit, "this process's control group for " + name + " is not to be seen here", kOutOfSight);
  // What systemd-run starts would be outside of the job.
  const char* const second = is_of_slurm(ground.place) ? kNoneFromSlurm : kNoDelegation;
  return refuse(limit,
                "you may make no control group for " + name + " in " + quote(ground.place),
                ground.is_unified ? second : kNoDirectory);
}

/// Once is enough.
void enable(GroupPart& part, const std::string& controller) {
  const auto all = split(part.enabled, ' ');
  const std::string wanted = "+" + controller;
  if (std::find(all.begin(), all.end(), wanted) != all.end()) return;
  part.enabled += (part.enabled.empty() ? "" : " ") + wanted;
}

class Chooser {
 public:
  Chooser(const GroupWishes& wishes, const std::vector<Ground>& grounds, const Disks& disks)
      : wishes_(wishes),
        grounds_(grounds),
        disks_(disks),
        parts_(grounds.size()) {}

  Choice choose() {
    // The kernel takes a bound of memory and swap only behind that of memory, and makes a partition
    // only of CPUs that the group has.
    std::vector<GroupLimit> limits = wishes_.limits;
    std::stable_partition(limits.begin(), limits.end(), [](const GroupLimit& limit) {
      return limit.kind != LimitKind::cpuset_partition;
    });
    std::stable_partition(limits.begin(), limits.end(), [](const GroupLimit& limit) {
      return limit.kind == LimitKind::memory;
    });
    for (const GroupLimit& limit : limits)
      add(limit);
    // A group of whom nothing can be enforced is of no use, unless its accounts are wanted.
    const bool is_useful =
        wishes_.stats || std::any_of(parts_.begin(), parts_.end(), [](const GroupPart& part) {
          return !part.settings.empty();
        });
    for (std::size_t i = 0; is_useful && i < grounds_.size(); ++i)
      finish(i);
    return std::move(choice_);
  }

 private:
  void add_refused(Error error) { choice_.refused.push_back(std::move(error)); }

  void add(const GroupLimit& limit) {
    const Ground* ground = ground_for(limit, grounds_);
    if (ground == nullptr) return add_refused(no_controller(limit, grounds_));
    if (ground->parent.empty()) return add_refused(no_ground(limit, *ground));
    if (auto lack = lack_of(limit, *ground)) return add_refused(std::move(*lack));
    if (limit.kind == LimitKind::device_rule && !ground->is_unified && has_clash(limit)) return;
    std::string device;
    if (is_of_device(limit.kind)) {
      const auto found = disks_.numbers.find(limit.key);
      if (found == disks_.numbers.end())
        return add_refused(
            refuse(limit, quote(limit.key) + " is no block device of this node", kNoDisk));
      device = found->second;
    }
    if (limit.kind == LimitKind::device_weight && !weighs(device, *ground))
      return add_refused(
          refuse(limit, "nobody weighs the users of " + quote(limit.key), kNothingWeighs));
    auto settings =
        ground->is_unified ? of_second_version(limit, device) : of_first_version(limit, device);
    GroupPart& part = parts_[static_cast<std::size_t>(ground - grounds_.data())];
    for (GroupSetting& setting : settings) {
      setting.words = words_of(limit);
      part.settings.push_back(std::move(setting));
    }
    if (ground->is_unified && limit.kind != LimitKind::device_rule)
      enable(part, controller_of(limit, true));
  }

  /// What it would take besides, of other limits or of the node's disks.
  [[nodiscard]] std::optional<Error> lack_of(const GroupLimit& limit, const Ground& ground) const {
    if (limit.kind == LimitKind::memory_swap && (memory() == 0 || limit.number < memory()))
      return refuse(limit,
                    memory() == 0 ? "there is no --memory" : "--memory is more than that",
                    kSwapWithMemory);
    if (limit.kind == LimitKind::cpuset_partition && !wishes(LimitKind::cpuset_cpus))
      return refuse(limit, "there is no --cpuset-cpus", kPartitionOfCpus);
    if (limit.kind == LimitKind::io_weight && !is_weighed(ground))
      return refuse(limit, "no disk of this node has its users weighed", kNothingWeighs);
    return std::nullopt;
  }

  /// The files take weights also where nobody looks at them.
  [[nodiscard]] bool is_weighed(const Ground& ground) const {
    return disks_.have_bfq || (ground.is_unified && disks_.have_costs);
  }

  [[nodiscard]] bool weighs(const std::string& device, const Ground& ground) const {
    return disks_.bfq.contains(device) || (ground.is_unified && disks_.costs.contains(device));
  }

  /// Then it has been refused.
  bool has_clash(const GroupLimit& limit) {
    rules_.push_back(limit.key);
    const auto clash = find_clash(rules_);
    if (!clash) return false;
    add_refused(refuse(
        limit,
        "control groups of version 1 cannot take back a part of " + quote(rules_[clash->earlier]),
        kPartOfARule));
    rules_.pop_back();
    return true;
  }

  /// 0 where it is not bounded.
  [[nodiscard]] std::uint64_t memory() const {
    for (const GroupLimit& limit : wishes_.limits)
      if (limit.kind == LimitKind::memory) return limit.number;
    return 0;
  }

  [[nodiscard]] std::vector<GroupSetting> of_second_version(const GroupLimit& limit,
                                                            const std::string& device) const;

  [[nodiscard]] bool wishes(LimitKind kind) const {
    return std::any_of(wishes_.limits.begin(), wishes_.limits.end(), [&](const GroupLimit& limit) {
      return limit.kind == kind;
    });
  }

  /// Every group of version 2 can be frozen, and who is in it killed.
  [[nodiscard]] bool may_freeze_in_second() const {
    return std::any_of(grounds_.begin(), grounds_.end(), [](const Ground& ground) {
      return ground.is_unified && !ground.parent.empty();
    });
  }

  /// What counts comes along, where it can be had.
  void finish(std::size_t i) {
    static constexpr std::array<std::string_view, 4> kUseful = {"cpu", "cpuacct", "memory", "pids"};
    const Ground& ground = grounds_[i];
    GroupPart& part = parts_[i];
    if (ground.parent.empty()) return;
    const bool is_useful =
        std::any_of(kUseful.begin(),
                    kUseful.end(),
                    [&](std::string_view one) { return has(ground, std::string(one)); }) ||
        (wishes_.can_pause && !may_freeze_in_second() && has(ground, "freezer"));
    if (part.settings.empty() && !is_useful && !ground.is_unified) return;
    if (ground.is_unified) {
      for (const char* one : {"cpu", "memory", "pids"})
        if (has(ground, one)) enable(part, one);
      if (!part.enabled.empty()) part.leaf = ground.leaf;
    }
    part.parent = ground.parent;
    part.is_unified = ground.is_unified;
    choice_.plan.parts.push_back(std::move(part));
  }

  const GroupWishes& wishes_;
  const std::vector<Ground>& grounds_;
  const Disks& disks_;
  std::vector<GroupPart> parts_;
  std::vector<std::string> rules_;  ///< about devices, of version 1
  Choice choice_;
};

std::vector<GroupSetting> Chooser::of_second_version(const GroupLimit& limit,
                                                     const std::string& device) const {
  const std::string number = number_text(limit.number, "max");
  switch (limit.kind) {
    case LimitKind::memory:
      return {{"memory.max", number}};
    case LimitKind::memory_high:
      return {{"memory.high", number}};
    case LimitKind::memory_swap:
      // Version 1 counts memory and swap together, and podman with it; version 2 counts swap alone.
      return {{"memory.swap.max",
               limit.number == kUnbounded ? "max" : std::to_string(limit.number - memory())}};
    case LimitKind::oom_group:
      return {{"memory.oom.group", "1"}};
    case LimitKind::cpus:
      return {{"cpu.max", number + " " + std::to_string(kPeriod)}};
    case LimitKind::cpu_weight:
      return {{"cpu.weight", number}};
    case LimitKind::read_bps:
      return {{"io.max", device + " rbps=" + number}};
    case LimitKind::write_bps:
      return {{"io.max", device + " wbps=" + number}};
    case LimitKind::read_iops:
      return {{"io.max", device + " riops=" + number}};
    case LimitKind::write_iops:
      return {{"io.max", device + " wiops=" + number}};
    case LimitKind::io_weight: {
      std::vector<GroupSetting> both;
      if (disks_.have_costs) both.push_back({"io.weight", "default " + number});
      if (disks_.have_bfq) both.push_back({"io.bfq.weight", "default " + bfq_weight(limit.number)});
      return both;
    }
    case LimitKind::device_weight: {
      std::vector<GroupSetting> both;
      if (disks_.costs.contains(device)) both.push_back({"io.weight", device + " " + number});
      if (disks_.bfq.contains(device))
        both.push_back({"io.bfq.weight", device + " " + bfq_weight(limit.number)});
      return both;
    }
    case LimitKind::cpuset_partition:
      return {{std::string(kPartitionFile), limit.key}};
    case LimitKind::device_rule:
      return {{std::string(kDeviceProgram), limit.key}};
    case LimitKind::hugetlb:
      return {{"hugetlb." + limit.key + ".max", number}};
    default:
      return alike(limit);
  }
}

}  // namespace

bool is_of_slurm(std::string_view place) {
  const std::size_t slurm = place.find("slurm");
  return slurm != place.npos && place.find("/job_", slurm) != place.npos;
}

Choice choose_group(const GroupWishes& wishes,
                    const std::vector<Ground>& grounds,
                    const Disks& disks) {
  return Chooser(wishes, grounds, disks).choose();
}

}  // namespace berth::cgroup
