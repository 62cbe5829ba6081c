// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "hooks/name.h"
#include "launcher/pin/divide.h"
#include "launcher/plan/place.h"

#include <algorithm>
#include <utility>

namespace berth::plan {

namespace {

unsigned ranks_of(const Launch& launch) {
  return launch.request.ranks != 0 ? launch.request.ranks : launch.facts.rank.local_size;
}

/// What the launch's control group will leave of a set. All of it where nothing would be left: then
/// the kernel refuses the group, or the set.
Numbers within_group(const Launch& launch, LimitKind kind, const Numbers& all) {
  for (const GroupLimit& limit : launch.request.group.limits) {
    if (limit.kind != kind) continue;
    if (const auto numbers = parse_numbers(limit.key)) {
      Numbers common = all.common_with(*numbers);
      if (!common.is_empty()) return common;
    }
  }
  return all;
}

/// GPUs that the launch shows its program, if it says so by numbers or files: "1" of
/// "nvidia.com/gpu=1", "renderD128" of "/dev/dri/renderD128".
std::vector<std::string> gpus_shown(const Request& request) {
  std::vector<std::string> gpus;
  if (const auto wanted = hooks::parse_gpus(request.gpus); !request.gpus.empty() && wanted)
    gpus = wanted->names;
  for (const std::string& text : request.devices) {
    const std::string path = text.substr(0, text.find(':'));
    const std::string file = path.substr(path.rfind('/') + 1);
    const bool is_nvidias = file.starts_with("nvidia") && file.size() > 6 &&
                            file.find_first_not_of("0123456789", 6) == std::string::npos;
    if (hooks::looks_like_device_name(text)) {
      const auto device = hooks::parse_device_name(text);
      if (device && device->kind.ends_with("/gpu") && device->name != "all")
        gpus.push_back(device->name);
    } else if (is_nvidias || path.starts_with("/dev/dri/render")) {
      gpus.push_back(file);
    }
  }
  return gpus;
}

Result<pin::Seats> seats_of(const Launch& launch) {
  const Placing& placing = launch.request.placing;
  pin::NearWish wish{placing.near,
                     placing.devices,
                     gpus_shown(launch.request),
                     launch.facts.cpus.gpus,
                     ranks_of(launch),
                     launch.facts.rank.local_rank};
  if (is_rehearsal(launch.request)) {
    wish.given = {};  // those of where it is rehearsed
    wish.local_rank = 0;
  }
  return pin::choose_seats(launch.facts.cpus.machine, wish);
}

/// With --pin-near alone each has a part of what is near.
Pin part_of(const Placing& placing) {
  return placing.is_near() && placing.pin == Pin::none ? Pin::automatic : placing.pin;
}

/// What the user has written, as far as it is about ranks that there are.
Result<std::vector<Numbers>> listed(const Launch& launch) {
  const std::vector<Numbers>& lists = launch.request.placing.lists;
  const unsigned ranks = ranks_of(launch);
  if (ranks > lists.size())
    return Error{Blame::usage,
                 "place " + std::to_string(ranks) + " ranks by --pin-map, which is of " +
                     std::to_string(lists.size()),
                 {},
                 "write the CPUs of each rank of the node, with colons between them"};
  std::vector<Numbers> map(lists.begin(), lists.begin() + ranks);
  const Numbers allowed = allowed_of(launch);
  const unsigned own = launch.facts.rank.local_rank;
  for (std::size_t rank = 0; rank < map.size(); ++rank) {
    // What the others may use, only they know.
    if (allowed.contains(map[rank]) || (!is_rehearsal(launch.request) && rank != own)) continue;
    return Error{Blame::usage,
                 "bind rank " + std::to_string(rank) + " of this node to the CPUs " +
                     to_text(map[rank]) + ": it may use " + to_text(allowed),
                 {},
                 "name some of these in --pin-map, or have the launcher bind ranks to more: srun "
                 "--cpu-bind=none, mpirun --bind-to none"};
  }
  return map;
}

}  // namespace

bool is_rehearsal(const Request& request) {
  return request.ranks != 0 || !request.topology.empty();
}

Numbers allowed_of(const Launch& launch) {
  const CpuFacts& cpus = launch.facts.cpus;
  return within_group(launch,
                      LimitKind::cpuset_cpus,
                      launch.request.topology.empty() ? cpus.own : cpus.machine.allowed);
}

Numbers memory_of(const Launch& launch) {
  return within_group(launch, LimitKind::cpuset_mems, launch.facts.cpus.memory);
}

Result<Map> map_of(const Launch& launch) {
  const Placing& placing = launch.request.placing;
  Map map;
  map.own = launch.facts.rank.local_rank;
  if (placing.is_near()) {
    auto seats = seats_of(launch);
    if (!seats) return std::move(seats.error());
    map.seats = std::move(*seats);
    map.own = map.seats.own;
    map.is_of_ranks = map.seats.are_all;
  }
  const Machine& machine = launch.facts.cpus.machine;
  const Numbers allowed = allowed_of(launch);
  auto cpus = !placing.lists.empty() ? listed(launch)
              : placing.is_near()
                  ? pin::divide_near(machine, allowed, map.seats, part_of(placing), placing.map)
                  : pin::divide(machine, allowed, ranks_of(launch), placing.pin, placing.map);
  if (!cpus) return std::move(cpus.error());
  map.cpus = std::move(*cpus);
  map.own = std::min(map.own, map.cpus.size() - 1);
  return map;
}

}  // namespace berth::plan
