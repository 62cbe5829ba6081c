// SPDX-License-Identifier: Apache-2.0
#include "hooks/directory.h"
#include "hooks/gpu/choose.h"
#include "hooks/gpu/gpus.h"
#include "hooks/gpu/job.h"

#include <charconv>

namespace berth::hooks {

namespace {

/// As ROCR_VISIBLE_DEVICES has it: "GPU-" and sixteen digits, or a number. unique_id in the
/// kernel's own words is decimal.
std::string name_of(const std::string& id, std::size_t number) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(id.data(), id.data() + id.size(), value);
  if (failed != std::errc() || end != id.data() + id.size() || value == 0)
    return std::to_string(number);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name = "GPU-";
  for (int shift = 60; shift >= 0; shift -= 4)
    name += kDigits[(value >> static_cast<unsigned>(shift)) & 15U];
  return name;
}

/// The nodes of the topology that are GPUs, not CPUs: those that can render
/// (drivers/gpu/drm/amd/amdkfd/kfd_topology.c).
std::vector<Gpu> find_gpus(const std::string& root) {
  const std::string directory = root + "/sys/class/kfd/kfd/topology/nodes";
  std::vector<Gpu> gpus;
  for (const std::string& node : names_in(directory)) {
    std::string file = directory;
    file += "/" + node + "/properties";
    const std::string render = value_in(file, "drm_render_minor", ' ');
    if (render.empty() || render == "0" || render == "-1") continue;
    gpus.push_back({name_of(value_in(file, "unique_id", ' '), gpus.size()), render});
  }
  return gpus;
}

}  // namespace

Result<std::optional<Edits>> find_amd(const WantedGpus& wanted,
                                      const std::string& root,
                                      const JobGpus& job) {
  const std::vector<Gpu> there = find_gpus(root);
  if (there.empty()) return std::optional<Edits>();
  const auto chosen = choose_of_job(wanted, there, job);
  if (!chosen) return chosen.error();
  // An image brings ROCm's libraries itself: the kernel's interface stays, as its files do.
  Edits edits{.who = "--gpus (AMD)"};
  edits.devices.push_back({"/dev/kfd", "/dev/kfd"});
  for (const Gpu& gpu : *chosen) {
    const std::string node = "/dev/dri/renderD" + gpu.number;
    edits.devices.push_back({node, node});
  }
  if (chosen->size() < there.size() || !wanted.all)
    edits.variables = {"ROCR_VISIBLE_DEVICES=" + names_of(*chosen)};
  return std::optional<Edits>(std::move(edits));
}

}  // namespace berth::hooks
