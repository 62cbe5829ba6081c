// SPDX-License-Identifier: Apache-2.0
// Disks that limits name, and whether anybody weighs who waits for them.
#pragma once

#include "launcher/cgroup/hierarchy.h"
#include "launcher/model/group.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace berth::cgroup {

struct Disks {
  /// "254:0" for the path of a block device; of one that is none, nothing.
  std::map<std::string, std::string> numbers = {};
  bool have_costs = false;  ///< some are under iocost, which keeps io.weight (cgroup-v2.rst)
  bool have_bfq = false;    ///< some are scheduled by BFQ, which keeps io.bfq.weight
  std::set<std::string> costs = {};  ///< the numbers of these, "254:0"
  std::set<std::string> bfq = {};
};

/// Of the block devices that `wishes` name. Whether there are such that are weighed is looked for
/// if that matters: in `blocks`, which is /sys/block, and in io.cost.qos of the group above all.
Disks find_disks(const GroupWishes& wishes,
                 const std::vector<Ground>& grounds,
                 const std::string& blocks = "/sys/block");

}  // namespace berth::cgroup
