// SPDX-License-Identifier: Apache-2.0
// Numbers of users and groups, and which of them are which inside a container. Plain data.
#pragma once

#include <string>
#include <vector>

namespace berth {

/// A user and a group.
struct Ids {
  unsigned uid = 0;
  unsigned gid = 0;

  bool operator==(const Ids&) const = default;
};

/// Numbers that follow each other.
struct IdRange {
  unsigned first = 0;
  unsigned count = 0;

  bool operator==(const IdRange&) const = default;
};

/// What the node gives a user besides his own: subuid(5), subgid(5).
struct SubordinateIds {
  std::vector<IdRange> users = {};
  std::vector<IdRange> groups = {};
};

/// `count` numbers from `inside` on, which are those from `outside` on to the node.
struct IdExtent {
  unsigned inside = 0;
  unsigned outside = 0;
  unsigned count = 0;

  bool operator==(const IdExtent&) const = default;
};

struct IdMaps {
  std::vector<IdExtent> users = {};
  std::vector<IdExtent> groups = {};
};

/// The node's programs that may write maps of more than one number: newuidmap(1), newgidmap(1). Not
/// from PATH: they have rights that the job has not.
inline constexpr const char* kUserMapper = "/usr/bin/newuidmap";
inline constexpr const char* kGroupMapper = "/usr/bin/newgidmap";

}  // namespace berth
