// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/tree.h"

#include <algorithm>
#include <array>
#include <utility>

namespace berth::pin {

namespace {

constexpr std::array kLevels = {&Cpu::socket, &Cpu::numa, &Cpu::l3};

std::string title_of(const Machine& machine, std::size_t level, const Cpu& cpu) {
  if (level == 0) return "socket " + std::to_string(cpu.socket);
  if (level == 2) return cpu.l3 == Cpu::kNoL3 ? "" : "L3 cache " + std::to_string(cpu.l3);
  const bool is_known = cpu.numa < machine.memory.size() && !machine.memory[cpu.numa].is_empty();
  return "memory " + (is_known ? to_text(machine.memory[cpu.numa]) : "elsewhere");
}

/// Neighbours that have the same number at that place.
std::vector<std::vector<Cpu>> parts_of(const std::vector<Cpu>& cpus, unsigned Cpu::*place) {
  std::vector<std::vector<Cpu>> parts;
  for (const Cpu& cpu : cpus) {
    if (parts.empty() || parts.back().back().*place != cpu.*place) parts.emplace_back();
    parts.back().push_back(cpu);
  }
  return parts;
}

std::vector<Group> groups_at(const Machine& machine,
                             std::size_t level,
                             const std::vector<Cpu>& cpus) {
  std::vector<Group> groups;
  for (const std::vector<Cpu>& part : parts_of(cpus, kLevels.at(level))) {
    Group group{title_of(machine, level, part[0])};
    if (level + 1 < kLevels.size())
      group.parts = groups_at(machine, level + 1, part);
    else
      group.cores = parts_of(part, &Cpu::core);
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

std::vector<Group> groups_of(const Machine& machine) {
  return groups_at(machine, 0, machine.cpus);
}

std::vector<Neighbours> neighbours_of(const Machine& machine,
                                      const std::vector<std::vector<Device>>& devices) {
  std::vector<Neighbours> all;
  for (const Device& device : machine.devices) {
    Neighbours here{device};
    for (std::size_t rank = 0; rank < devices.size(); ++rank)
      if (std::find(devices[rank].begin(), devices[rank].end(), device) != devices[rank].end())
        here.ranks.add(static_cast<unsigned>(rank));
    if (device.kind != DeviceKind::other || !here.ranks.is_empty()) all.push_back(std::move(here));
  }
  return all;
}

Numbers ranks_on(unsigned cpu, const std::vector<Numbers>& ranks) {
  Numbers here;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    if (ranks[rank].has(cpu)) here.add(static_cast<unsigned>(rank));
  return here;
}

}  // namespace berth::pin
