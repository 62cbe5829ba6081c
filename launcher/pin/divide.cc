// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/divide.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace berth::pin {

namespace {

/// One of the parts that ranks get.
struct Unit {
  Numbers cpus = {};
  Cpu first = {};     ///< one of them, for where it is
  unsigned kind = 0;  ///< 0 for parts in which kinds are mixed
};

/// What tells one part of the machine from another.
using Key = std::pair<unsigned, unsigned>;

Key key_of(const Cpu& cpu, Pin pin) {
  switch (pin) {
    case Pin::core:
      return {cpu.core, 0};
    case Pin::l3:  // what has none on a socket is one part
      return {cpu.l3, cpu.l3 == Cpu::kNoL3 ? cpu.socket : 0};
    case Pin::numa:
      return {cpu.numa, 0};
    case Pin::socket:
      return {cpu.socket, 0};
    default:
      return {cpu.number, 0};
  }
}

/// In the machine's order, but for the faster ones, which come first.
std::vector<Unit> units_of(const std::vector<Cpu>& cpus, Pin pin) {
  std::vector<Unit> units;
  std::map<Key, std::size_t> known;
  for (const Cpu& cpu : cpus) {
    const auto [at, is_new] = known.try_emplace(key_of(cpu, pin), units.size());
    if (is_new) units.push_back({{}, cpu, pin == Pin::core || pin == Pin::pu ? cpu.kind : 0});
    units[at->second].cpus.add(cpu.number);
  }
  std::stable_sort(units.begin(), units.end(), [](const Unit& one, const Unit& other) {
    return one.kind > other.kind;
  });
  return units;
}

std::vector<Cpu> those_of(const Machine& machine, const Numbers& allowed) {
  std::vector<Cpu> cpus;
  for (const Cpu& cpu : machine.cpus)
    if (allowed.has(cpu.number)) cpus.push_back(cpu);
  return cpus;
}

Pin choose_part(const std::vector<Cpu>& cpus, unsigned ranks) {
  for (const Pin pin : {Pin::core, Pin::pu})
    if (units_of(cpus, pin).size() >= ranks) return pin;
  return Pin::none;
}

/// What one rank gets, and where it is.
struct Share {
  Numbers cpus = {};
  Cpu first = {};
};

/// There is at least one unit for each. Of each kind everybody gets as many; those that are left
/// over go round, and the next kind's where this one's have ended.
std::vector<Share> deal(const std::vector<Unit>& units, unsigned ranks) {
  std::vector<Share> shares(ranks);
  std::size_t turn = 0;
  for (std::size_t at = 0; at < units.size();) {
    const auto end = std::find_if(units.begin() + static_cast<std::ptrdiff_t>(at),
                                  units.end(),
                                  [&](const Unit& unit) { return unit.kind != units[at].kind; });
    const std::size_t count = static_cast<std::size_t>(end - units.begin()) - at;
    const std::size_t left = count % ranks;
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      const std::size_t extra = (rank + ranks - turn) % ranks < left ? 1 : 0;
      for (std::size_t i = count / ranks + extra; i > 0; --i, ++at) {
        if (shares[rank].cpus.is_empty()) shares[rank].first = units[at].first;
        shares[rank].cpus.add(units[at].cpus);
      }
    }
    turn = (turn + left) % ranks;
  }
  return shares;
}

/// The order in which neighbours are far from each other: one of each socket in turn, and of a
/// socket one of each memory in turn, and so on.
std::vector<Share> spread(std::vector<Share> shares, unsigned level = 0) {
  constexpr std::array kLevels = {Pin::socket, Pin::numa, Pin::l3, Pin::core};
  if (level == kLevels.size() || shares.size() < 2) return shares;
  std::vector<std::vector<Share>> groups;
  std::map<Key, std::size_t> known;
  for (Share& share : shares) {
    const auto [at, is_new] =
        known.try_emplace(key_of(share.first, kLevels.at(level)), groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(std::move(share));
  }
  const std::size_t all = shares.size();
  shares.clear();
  for (auto& group : groups)
    group = spread(std::move(group), level + 1);
  for (std::size_t turn = 0; shares.size() < all; ++turn)
    for (auto& group : groups)
      if (turn < group.size()) shares.push_back(std::move(group[turn]));
  return shares;
}

/// Shares for everybody where there are fewer of them than ranks: neighbours have the same one, or
/// they take turns.
std::vector<Numbers> hand_out(const std::vector<Share>& shares, unsigned ranks, PinMap map) {
  std::vector<Numbers> sets;
  for (std::size_t rank = 0; rank < ranks; ++rank)
    sets.push_back(
        shares[map == PinMap::packed ? rank * shares.size() / ranks : rank % shares.size()].cpus);
  return sets;
}

}  // namespace

Result<std::vector<Numbers>> divide(
    const Machine& machine, const Numbers& allowed, unsigned ranks, Pin pin, PinMap map) {
  if (ranks == 0 || ranks > kMostRanks)
    return Error{Blame::usage,
                 "place " + std::to_string(ranks) + " ranks on a node",
                 {},
                 "a node has 1 to " + std::to_string(kMostRanks) + " of them"};
  const std::vector<Cpu> cpus = those_of(machine, allowed);
  if (cpus.empty())
    return Error{Blame::host,
                 "place ranks on the CPUs " + to_text(allowed) + ": none of them is on the machine",
                 {},
                 "leave out --pin, or give ranks CPUs that are"};
  if (pin == Pin::automatic) pin = choose_part(cpus, ranks);
  if (pin == Pin::none) return std::vector<Numbers>(ranks, allowed);
  const bool has_l3 =
      std::any_of(cpus.begin(), cpus.end(), [](const Cpu& cpu) { return cpu.l3 != Cpu::kNoL3; });
  if (pin == Pin::l3 && !has_l3)
    return Error{Blame::host,
                 "give each rank an L3 cache: the machine is not known to have any",
                 {},
                 "write --pin=numa or --pin=core"};
  const std::vector<Unit> units = units_of(cpus, pin);
  const auto most = static_cast<unsigned>(units.size());
  std::vector<Share> shares = deal(units, std::min(ranks, most));
  if (map == PinMap::spread) shares = spread(std::move(shares));
  return hand_out(shares, ranks, map);
}

Numbers memory_near(const Machine& machine, const Numbers& cpus) {
  Numbers nodes;
  for (const Cpu& cpu : machine.cpus)
    if (cpus.has(cpu.number) && cpu.numa < machine.memory.size())
      nodes.add(machine.memory[cpu.numa]);
  return nodes;
}

}  // namespace berth::pin
