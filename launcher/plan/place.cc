// SPDX-License-Identifier: Apache-2.0
// On which CPUs and memory nodes a rank runs.
#include "base/text.h"
#include "launcher/pin/divide.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

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

/// The CPUs of this rank.
Result<Numbers> choose_cpus(const Launch& launch) {
  const bool is_free = launch.request.placing.pin == Pin::none;
  if (is_free || stays_on_its_cpus(launch)) return allowed_of(launch);
  auto map = make_map(launch);
  if (!map) return std::move(map.error());
  const unsigned rank = launch.facts.rank.local_rank;
  return rank < map->size() ? (*map)[rank] : map->back();
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
  return request.placing.pin != Pin::none || request.placing.memory != MemBind::none ||
         is_rehearsal(request) || request.drawing != Drawing::none;
}

bool needs_machine(const Launch& launch) {
  const Request& request = launch.request;
  if (request.placing.memory == MemBind::local || is_rehearsal(request)) return true;
  if (request.drawing != Drawing::none) return true;
  return request.placing.pin != Pin::none && (request.plan_only || !stays_on_its_cpus(launch));
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
  if (request.placing.pin != Pin::none && !rank.doubt.empty() && !is_rehearsal(request))
    return Error{Blame::usage, "tell which CPUs are this rank's: " + rank.doubt, {}, kLeaveOut};
  return request.topology.empty() ? check_nodes(launch) : Done{};
}

bool stays_on_its_cpus(const Launch& launch) {
  const CpuFacts& cpus = launch.facts.cpus;
  if (launch.request.placing.again || is_rehearsal(launch.request)) return false;
  return cpus.own != cpus.given && !cpus.own.contains(cpus.given);
}

Result<std::vector<Numbers>> make_map(const Launch& launch) {
  const Placing& placing = launch.request.placing;
  return pin::divide(
      launch.facts.cpus.machine, allowed_of(launch), ranks_of(launch), placing.pin, placing.map);
}

Result<std::string> map_text(const Launch& launch) {
  const Request& request = launch.request;
  if (request.placing.pin == Pin::none && !is_rehearsal(request)) return std::string();
  if (stays_on_its_cpus(launch))
    return "rank " + std::to_string(launch.facts.rank.rank) + " stays on the CPUs " +
           to_text(launch.facts.cpus.own) + ", to which its launcher has bound it\n";
  const auto map = make_map(launch);
  if (!map) return map.error();
  std::string text = "ranks on this node, by their number here:\n";
  std::size_t rank = 0;
  for (const Numbers& cpus : *map) {
    const Numbers near = pin::memory_near(launch.facts.cpus.machine, cpus);
    text += "  rank " + std::to_string(rank++) + ": CPUs " + to_text(cpus) +
            (near.is_empty() ? "" : ", near the memory nodes " + to_text(near)) + "\n";
  }
  return text;
}

Status add_place(std::vector<Step>& steps, const Launch& launch) {
  const Placing& placing = launch.request.placing;
  if (placing.pin == Pin::none && placing.memory == MemBind::none) return Done{};
  auto cpus = choose_cpus(launch);
  if (!cpus) return std::move(cpus.error());
  if (placing.pin != Pin::none && !stays_on_its_cpus(launch))
    steps.push_back(PinToCpus{launch.facts.rank.rank, *cpus});
  if (placing.memory == MemBind::none) return Done{};
  auto memory = choose_memory(launch, *cpus);
  if (!memory) return std::move(memory.error());
  steps.push_back(std::move(*memory));
  return Done{};
}

}  // namespace berth::plan
