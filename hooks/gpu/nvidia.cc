// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "hooks/directory.h"
#include "hooks/gpu/choose.h"
#include "hooks/gpu/gpus.h"
#include "hooks/gpu/job.h"
#include "hooks/gpu/loader_cache.h"
#include "hooks/gpu/mig.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::hooks {

namespace {

constexpr std::size_t kLargestCache = 64UL << 20;

/// What a program links or opens that comes with the driver, and fits no other release of it.
constexpr std::array<std::string_view, 16> kLibraries = {"libcuda.so.1",
                                                         "libcudadebugger.so.1",
                                                         "libnvidia-ml.so.1",
                                                         "libnvidia-ptxjitcompiler.so.1",
                                                         "libnvidia-nvvm.so.4",
                                                         "libnvidia-gpucomp.so",
                                                         "libnvidia-opencl.so.1",
                                                         "libnvidia-cfg.so.1",
                                                         "libnvidia-allocator.so.1",
                                                         "libnvidia-encode.so.1",
                                                         "libnvidia-opticalflow.so.1",
                                                         "libnvidia-pkcs11-openssl3.so",
                                                         "libnvidia-sandboxutils.so.1",
                                                         "libnvcuvid.so.1",
                                                         "libnvoptix.so.1",
                                                         "libnvidia-rtcore.so"};

constexpr std::array<const char*, 4> kTools = {"/usr/bin/nvidia-smi",
                                               "/usr/bin/nvidia-debugdump",
                                               "/usr/bin/nvidia-cuda-mps-control",
                                               "/usr/bin/nvidia-cuda-mps-server"};

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

/// In the order of their places on the bus, as the driver's tools number them.
std::vector<Gpu> find_gpus(const std::string& root) {
  const std::string directory = root + "/proc/driver/nvidia/gpus";
  std::vector<Gpu> gpus;
  for (const std::string& place : names_in(directory)) {
    std::string file = directory;
    file += "/" + place + "/information";
    Gpu gpu{value_in(file, "GPU UUID", ':'), value_in(file, "Device Minor", ':')};
    if (!gpu.number.empty()) gpus.push_back(std::move(gpu));
  }
  return gpus;
}

/// Some have the driver's release in their name, behind the one that the list has.
bool is_of_driver(const std::string& name) {
  return std::any_of(kLibraries.begin(), kLibraries.end(), [&](std::string_view known) {
    return name == known || (known.ends_with(".so") && name.starts_with(std::string(known) + "."));
  });
}

void add_libraries(Edits& edits, const std::string& root) {
  const auto cache = read_text_file(root + "/etc/ld.so.cache", kLargestCache);
  if (!cache) {
    edits.left_out.push_back(
        "the driver's libraries: there is no /etc/ld.so.cache to find them by");
    return;
  }
  std::vector<std::string> done;
  for (const Library& library : read_loader_cache(*cache)) {
    if (!is_of_driver(library.name)) continue;
    if (std::find(done.begin(), done.end(), library.name) != done.end()) continue;
    done.push_back(library.name);
    edits.mounts.push_back({library.path,
                            std::string(kDriverLibraries) + "/" + library.name,
                            "",
                            {"ro", "nosuid", "nodev"}});
  }
  if (!done.empty())
    edits.prepended.push_back(std::string("LD_LIBRARY_PATH=") + kDriverLibraries);
  else
    edits.left_out.emplace_back("the driver's libraries: the loader of this node knows none");
}

/// What is given of a GPU: all of it, or a part.
struct Given {
  std::string name;  ///< that the driver's libraries know it by
  std::string number;
  std::vector<std::string> nodes = {};  ///< besides its own
};

/// A part has the older kind of name, by numbers: what the newer ones are made of is not in /proc.
Given part_of(const Gpu& gpu, const GpuPart& part) {
  return {"MIG-" + gpu.name + "/" + part.gpu_instance + "/" + part.compute_instance,
          gpu.number,
          part.nodes};
}

/// Whoever has all of a GPU that is divided has all of its parts.
Given whole(const Gpu& gpu, const std::string& root) {
  Given given{gpu.name, gpu.number};
  for (const GpuPart& part : find_parts(gpu.number, root))
    given.nodes.insert(given.nodes.end(), part.nodes.begin(), part.nodes.end());
  return given;
}

Result<Given> find_part(const std::string& name, const Gpu& gpu, const std::string& root) {
  const std::string number = name.substr(name.find(':') + 1);
  const auto parts = find_parts(gpu.number, root);
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (std::to_string(i) == number) return part_of(gpu, parts[i]);
  return Error{Blame::config,
               "find the part " + quote(name) + " of a GPU on this node",
               {},
               parts.empty() ? gpu.name + " is not divided"
                             : gpu.name + " has parts 0 to " + std::to_string(parts.size() - 1)};
}

Result<std::vector<Given>> choose(const WantedGpus& wanted,
                                  const std::vector<Gpu>& there,
                                  const std::string& root,
                                  const JobGpus& job) {
  std::vector<Given> all;
  const auto add = [&](const WantedGpus& some) -> Status {
    const auto gpus = choose_of_job(some, there, job);
    if (!gpus) return gpus.error();
    for (const Gpu& gpu : *gpus)
      all.push_back(whole(gpu, root));
    return Done{};
  };
  if (wanted.all) {
    BERTH_TRY(add(wanted));
    return all;
  }
  for (const std::string& name : wanted.names) {
    const std::size_t colon = name.find(':');
    if (colon == name.npos) {
      BERTH_TRY(add({.names = {name}}));
      continue;
    }
    const auto gpu = choose_of_job({.names = {name.substr(0, colon)}}, there, job);
    if (!gpu) return gpu.error();
    auto part = find_part(name, gpu->front(), root);
    if (!part) return std::move(part.error());
    all.push_back(std::move(*part));
  }
  return all;
}

void add_node(Edits& edits, const std::string& node) {
  const bool is_new = std::none_of(edits.devices.begin(),
                                   edits.devices.end(),
                                   [&](const auto& one) { return one.path == node; });
  if (is_new) edits.devices.push_back({node, node});
}

void add_nodes(Edits& edits, const std::vector<Given>& all, const std::string& root) {
  for (const char* shared :
       {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"})
    if (is_there(root + shared)) add_node(edits, shared);
  for (const Given& given : all) {
    add_node(edits, "/dev/nvidia" + given.number);
    for (const std::string& node : given.nodes)
      add_node(edits, node);
  }
}

/// Each once, with commas between them.
std::string names_of(const std::vector<Given>& all) {
  std::vector<std::string> names;
  for (const Given& given : all)
    if (std::find(names.begin(), names.end(), given.name) == names.end())
      names.push_back(given.name);
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace

Result<std::optional<Edits>> find_nvidia(const WantedGpus& wanted,
                                         const std::string& root,
                                         const JobGpus& job) {
  const std::vector<Gpu> there = find_gpus(root);
  if (there.empty()) return std::optional<Edits>();
  const auto chosen = choose(wanted, there, root, job);
  if (!chosen) return chosen.error();
  Edits edits{.who = "--gpus (NVIDIA)"};
  const std::string visible = names_of(*chosen);
  edits.variables = {"NVIDIA_VISIBLE_DEVICES=" + visible};
  // Where the container shows all of /dev, this is what keeps the others out of sight.
  if (!wanted.all || chosen->size() < there.size())
    edits.variables.push_back("CUDA_VISIBLE_DEVICES=" + visible);
  add_nodes(edits, *chosen, root);
  add_libraries(edits, root);
  for (const char* tool : kTools)
    if (is_there(root + tool)) edits.mounts.push_back({tool, tool, "", {"ro", "nosuid", "nodev"}});
  return std::optional<Edits>(std::move(edits));
}

}  // namespace berth::hooks
