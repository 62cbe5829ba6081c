// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/draw.h"
#include "launcher/pin/near.h"
#include "launcher/pin/tree.h"

#include <algorithm>

namespace berth::pin {

namespace {

constexpr std::size_t kWidth = 80;

struct Scene {
  const Numbers& allowed;
  const std::vector<Numbers>& ranks;
};

/// "r3", "r0-1,4"; "-" where nobody is, "x" where nobody may be.
std::string label_of(unsigned cpu, const Scene& scene) {
  if (!scene.allowed.has(cpu)) return "x";
  const Numbers here = ranks_on(cpu, scene.ranks);
  return here.is_empty() ? "-" : "r" + to_text(here);
}

/// "0,64 r0", or "0 r0 64 r1" where the threads of a core are not the same rank's.
std::string cell_of(const std::vector<Cpu>& core, const Scene& scene) {
  std::string text;
  for (std::size_t at = 0; at < core.size();) {
    const std::string label = label_of(core[at].number, scene);
    std::string cpus;
    for (; at < core.size() && label_of(core[at].number, scene) == label; ++at)
      cpus += (cpus.empty() ? "" : ",") + std::to_string(core[at].number);
    text.append(text.empty() ? "" : " ").append(cpus).append(" ").append(label);
  }
  return text;
}

void add_cells(std::string& text,
               const std::vector<std::vector<Cpu>>& cores,
               const Scene& scene,
               std::size_t indent) {
  std::vector<std::string> cells;
  std::size_t widest = 0;
  for (const auto& core : cores) {
    cells.push_back(cell_of(core, scene));
    widest = std::max(widest, cells.back().size());
  }
  constexpr std::size_t kGap = 3;
  const std::size_t columns = std::max<std::size_t>((kWidth - indent + kGap) / (widest + kGap), 1);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool is_first = i % columns == 0;
    const bool is_last = i % columns == columns - 1 || i + 1 == cells.size();
    text += (is_first ? std::string(indent, ' ') : "") + cells[i];
    text += is_last ? "\n" : std::string(widest - cells[i].size() + kGap, ' ');
  }
}

void add_groups(std::string& text,
                const std::vector<Group>& groups,
                const Scene& scene,
                std::size_t indent) {
  for (const Group& group : groups) {
    if (!group.title.empty()) text += std::string(indent, ' ') + group.title + "\n";
    const std::size_t inside = group.title.empty() ? indent : indent + 2;
    if (group.parts.empty())
      add_cells(text, group.cores, scene, inside);
    else
      add_groups(text, group.parts, scene, inside);
  }
}

}  // namespace

std::string draw_text(const Machine& machine,
                      const Numbers& allowed,
                      const std::vector<Numbers>& ranks,
                      const std::vector<std::vector<Device>>& devices) {
  std::string text;
  add_groups(text, groups_of(machine), {allowed, ranks}, 0);
  for (const Neighbours& one : neighbours_of(machine, devices))
    text += words_of(one.device) + " near " +
            (one.device.cpus.is_empty() ? "no CPUs" : to_text(one.device.cpus)) +
            (one.ranks.is_empty() ? "" : ": r" + to_text(one.ranks)) + "\n";
  return text + "each core: its CPUs, and rN: rank N of this node; -: nobody; x: not to be used\n";
}

}  // namespace berth::pin
