// SPDX-License-Identifier: Apache-2.0
// On which CPUs and memory nodes a rank runs.
#include "launcher/plan/place.h"

#include "base/text.h"
#include "launcher/pin/divide.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

#include <algorithm>
#include <utility>

namespace berth::plan {

namespace {

constexpr const char* kLeaveOut = "leave out --pin, or see man berth-run for how ranks are found";

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
