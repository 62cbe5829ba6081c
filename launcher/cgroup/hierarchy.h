// SPDX-License-Identifier: Apache-2.0
// The hierarchies of control groups on this node, where a process is in them, and where groups can
// be made. Changes nothing.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace berth::cgroup {

struct Hierarchy {
  bool is_unified = false;               ///< version 2
  std::vector<std::string> controllers;  ///< of version 1; of 2, its files say
  std::string place;                     ///< the process's directory; "" where it is out of sight

  bool operator==(const Hierarchy&) const = default;
};

/// From /proc/PID/cgroup (cgroups(7)) and /proc/self/mountinfo (proc(5)). What is not mounted is
/// left out, and so are hierarchies that have a name and no controller. Pure.
std::vector<Hierarchy> parse_hierarchies(std::string_view groups, std::string_view mounts);

/// Those of a process, 0 being this one. None where /proc does not say.
std::vector<Hierarchy> read_hierarchies(pid_t pid);

/// A directory in which this process may make groups and enter them.
struct Ground {
  bool is_unified = false;
  std::vector<std::string> controllers;  ///< that a group there can have
  std::string place;                     ///< where we are; named where nothing can be made
  std::string parent = {};               ///< "": nowhere may this process make one
  std::string leaf = {};                 ///< as in GroupPart

  bool operator==(const Ground&) const = default;
};

/// Never above or beside the place that we have: its bounds hold for what is made.
/// Version 1: that place, if it is ours to write, or else a directory in it that is ours.
/// Version 2: that place, whose processes have to make room in a leaf first; or, where we are in
/// such a leaf already, the one above.
Ground find_ground(const Hierarchy& hierarchy);

std::vector<Ground> find_grounds(const std::vector<Hierarchy>& hierarchies);

/// What the groups of containers are called, and the leaf of a place with groups.
inline constexpr std::string_view kGroupPrefix = "berth-";
inline constexpr std::string_view kLeaf = "berth-others";

}  // namespace berth::cgroup
