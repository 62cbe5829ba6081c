// SPDX-License-Identifier: Apache-2.0
// Which numbers of users and groups inside are which outside.
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

#include <algorithm>
#include <cstdint>

namespace berth::plan {

namespace {

/// As many as a kernel takes (user_namespaces(7)), and fewer than make a command line too long.
constexpr std::size_t kMostExtents = 340;
constexpr std::uint64_t kNobody = 0xFFFFFFFF;  ///< the number that is none

/// The caller keeps a number of his own; around it lies, from 0 on, what the node gives him.
std::vector<IdExtent> map_of(unsigned inside, unsigned outside, const std::vector<IdRange>& given) {
  std::vector<IdExtent> map = {{inside, outside, 1}};
  std::uint64_t next = 0;
  for (IdRange range : given) {
    while (range.count > 0) {
      if (next == inside) ++next;
      const std::uint64_t end = next < inside ? inside : kNobody;
      const auto count = static_cast<unsigned>(std::min<std::uint64_t>(range.count, end - next));
      if (count == 0 || map.size() == kMostExtents) return map;
      map.push_back({static_cast<unsigned>(next), range.first, count});
      next += count;
      range.first += count;
      range.count -= count;
    }
  }
  return map;
}

/// Null where the number is not mapped.
const IdExtent* extent_with(const std::vector<IdExtent>& map, std::uint64_t inside) {
  const auto found = std::find_if(map.begin(), map.end(), [&](const IdExtent& extent) {
    return inside >= extent.inside && inside - extent.inside < extent.count;
  });
  return found == map.end() ? nullptr : &*found;
}

/// The first number from 0 on that is not mapped.
std::uint64_t end_of(const std::vector<IdExtent>& map) {
  std::uint64_t end = 0;
  while (const IdExtent* extent = extent_with(map, end))
    end = std::uint64_t{extent->inside} + extent->count;
  return end;
}

Status check_one(const char* kind,
                 const char* file,
                 unsigned id,
                 const std::vector<IdExtent>& map) {
  if (extent_with(map, id) != nullptr) return Done{};
  return Error{
      Blame::usage,
      "run as " + std::string(kind) + " " + std::to_string(id) + ": what " + file +
          " gives you is used up at " + std::to_string(end_of(map)),
      {},
      "choose a smaller number, or ask the administrator for more in " + std::string(file)};
}

}  // namespace

Ids builder_of(const Launch& launch) {
  if (launch.request.as_root) return {};
  if (launch.identity && !launch.request.with_subordinates) return launch.identity->ids;
  return {launch.facts.uid, launch.facts.gid};
}

IdMaps maps_of(const Request& request, const Facts& facts) {
  const Ids inside = request.as_root ? Ids{} : Ids{facts.uid, facts.gid};
  return {map_of(inside.uid, facts.uid, facts.subordinate.users),
          map_of(inside.gid, facts.gid, facts.subordinate.groups)};
}

Status check_mapped(const Ids& ids, const Request& request, const Facts& facts) {
  if (!request.with_subordinates) return Done{};
  const IdMaps maps = maps_of(request, facts);
  BERTH_TRY(check_one("user", "/etc/subuid", ids.uid, maps.users));
  return check_one("group", "/etc/subgid", ids.gid, maps.groups);
}

}  // namespace berth::plan
