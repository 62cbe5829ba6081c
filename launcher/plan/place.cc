// SPDX-License-Identifier: Apache-2.0
// On which CPUs and memory nodes a rank runs.
#include "base/text.h"
#include "hooks/name.h"
#include "launcher/pin/divide.h"
#include "launcher/pin/near.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

#include <algorithm>
#include <utility>

namespace berth::plan {

namespace {

constexpr const char* kLeaveOut = "leave out --pin, or see man berth-run for how ranks are found";

bool is_rehearsal(const Request& request) {
  return request.ranks != 0 || !request.topology.empty();
}

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

Numbers allowed_of(const Launch& launch) {
  const CpuFacts& cpus = launch.facts.cpus;
  return within_group(launch,
                      LimitKind::cpuset_cpus,
                      launch.request.topology.empty() ? cpus.own : cpus.machine.allowed);
}

Numbers memory_of(const Launch& launch) {
  return within_group(launch, LimitKind::cpuset_mems, launch.facts.cpus.memory);
}

Status check_nodes(const Launch& launch) {
  const Placing& placing = launch.request.placing;
  const Numbers memory = memory_of(launch);
  if (placing.memory != MemBind::list || memory.contains(placing.nodes)) return Done{};
  return Error{Blame::usage,
               "take memory from the nodes " + to_text(placing.nodes) +
                   ": this process may use the nodes " + to_text(memory),
               {},
               "name some of these: --mem-bind=" + to_text(memory)};
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

struct Map {
  std::vector<Numbers> cpus = {};
  std::size_t own = 0;      ///< which is this rank's
  bool is_of_ranks = true;  ///< whether each of them is a rank's
  pin::Seats seats = {};    ///< where they are near to something
};

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

/// The CPUs of this rank.
Result<Numbers> choose_cpus(const Launch& launch) {
  if (!launch.request.placing.binds() || stays_on_its_cpus(launch)) return allowed_of(launch);
  auto map = map_of(launch);
  if (!map) return std::move(map.error());
  return std::move(map->cpus[map->own]);
}

std::string line_of(const Launch& launch, const Map& map, std::size_t at, std::size_t rank) {
  const Numbers near = pin::memory_near(launch.facts.cpus.machine, map.cpus[at]);
  std::string text = "  rank " + std::to_string(rank) + ": CPUs " + to_text(map.cpus[at]) +
                     (near.is_empty() ? "" : ", near the memory nodes " + to_text(near));
  if (map.seats.devices.empty()) return text + "\n";
  for (const Device& device : map.seats.devices[at])
    text +=
        (&device == &map.seats.devices[at].front() ? ", near " : " and ") + pin::words_of(device);
  return text + "\n";
}

/// Of those that this process may use.
Result<BindMemory> choose_memory(const Launch& launch, const Numbers& cpus) {
  const Placing& placing = launch.request.placing;
  const Numbers all = memory_of(launch);
  BERTH_TRY(check_nodes(launch));
  if (placing.memory == MemBind::list) return BindMemory{placing.nodes};
  if (placing.memory == MemBind::interleave) return BindMemory{all, true};
  Numbers nodes = pin::memory_near(launch.facts.cpus.machine, cpus).common_with(all);
  if (!nodes.is_empty()) return BindMemory{std::move(nodes)};
  return Error{Blame::host,
               "take memory near to the CPUs " + to_text(cpus) +
                   ": this process may use none of the nodes there",
               {},
               "leave out --mem-bind, or write --mem-bind=interleave"};
}

}  // namespace

bool asks_for_place(const Request& request) {
  return request.placing.binds() || request.placing.memory != MemBind::none ||
         is_rehearsal(request) || request.drawing != Drawing::none;
}

bool needs_machine(const Launch& launch) {
  const Request& request = launch.request;
  if (request.placing.memory == MemBind::local || is_rehearsal(request)) return true;
  if (request.drawing != Drawing::none) return true;
  if (!request.placing.binds()) return false;
  return request.plan_only || (request.placing.lists.empty() && !stays_on_its_cpus(launch));
}

bool needs_devices(const Launch& launch) {
  const Request& request = launch.request;
  return needs_machine(launch) && (request.placing.is_near() || request.drawing != Drawing::none);
}

Status check_place(const Launch& launch) {
  const Request& request = launch.request;
  if (is_rehearsal(request) && !request.plan_only)
    return Error{Blame::usage,
                 request.topology.empty() ? "start " + std::to_string(request.ranks) + " ranks"
                                          : "run on the machine in " + quote(request.topology),
                 {},
                 "it is for rehearsals only: add --plan, --plan=txt or --plan=svg"};
  const Rank& rank = launch.facts.rank;
  if (request.placing.binds() && !rank.doubt.empty() && !is_rehearsal(request))
    return Error{Blame::usage, "tell which CPUs are this rank's: " + rank.doubt, {}, kLeaveOut};
  return request.topology.empty() ? check_nodes(launch) : Done{};
}

bool stays_on_its_cpus(const Launch& launch) {
  const CpuFacts& cpus = launch.facts.cpus;
  const Placing& placing = launch.request.placing;
  if (placing.again || !placing.lists.empty() || is_rehearsal(launch.request)) return false;
  return cpus.own != cpus.given && !cpus.own.contains(cpus.given);
}

Result<RankMap> make_map(const Launch& launch) {
  auto map = map_of(launch);
  if (!map) return std::move(map.error());
  if (map->is_of_ranks) return RankMap{std::move(map->cpus), std::move(map->seats.devices)};
  // Of the others it is not known.
  const std::size_t rank = std::min(launch.facts.rank.local_rank, pin::kMostRanks - 1);
  RankMap own{std::vector<Numbers>(rank + 1), std::vector<std::vector<Device>>(rank + 1)};
  own.cpus.back() = std::move(map->cpus[map->own]);
  own.devices.back() = std::move(map->seats.devices[map->own]);
  return own;
}

Result<std::string> map_text(const Launch& launch) {
  const Request& request = launch.request;
  if (!request.placing.binds() && !is_rehearsal(request)) return std::string();
  if (stays_on_its_cpus(launch))
    return "rank " + std::to_string(launch.facts.rank.rank) + " stays on the CPUs " +
           to_text(launch.facts.cpus.own) + ", to which its launcher has bound it\n";
  const auto map = map_of(launch);
  if (!map) return map.error();
  if (!map->is_of_ranks)
    return "this rank, by its number on this node; where the others are, only they know:\n" +
           line_of(launch, *map, map->own, launch.facts.rank.local_rank);
  std::string text = "ranks on this node, by their number here:\n";
  for (std::size_t rank = 0; rank < map->cpus.size(); ++rank)
    text += line_of(launch, *map, rank, rank);
  return text;
}

Status add_place(std::vector<Step>& steps, const Launch& launch) {
  const Placing& placing = launch.request.placing;
  if (!placing.binds() && placing.memory == MemBind::none) return Done{};
  auto cpus = choose_cpus(launch);
  if (!cpus) return std::move(cpus.error());
  if (placing.binds() && !stays_on_its_cpus(launch))
    steps.push_back(PinToCpus{launch.facts.rank.rank, *cpus});
  if (placing.memory == MemBind::none) return Done{};
  auto memory = choose_memory(launch, *cpus);
  if (!memory) return std::move(memory.error());
  steps.push_back(std::move(*memory));
  return Done{};
}

}  // namespace berth::plan
