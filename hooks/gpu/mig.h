// SPDX-License-Identifier: Apache-2.0
// Parts of NVIDIA's GPUs (MIG), as the driver shows them in /proc/driver/nvidia/capabilities.
#pragma once

#include <string>
#include <vector>

namespace berth::hooks {

/// A compute instance.
struct GpuPart {
  std::string gpu_instance;             ///< its number
  std::string compute_instance;         ///< and its own in that
  std::vector<std::string> nodes = {};  ///< files that give access to it
};

/// Of the GPU whose file in /dev has that number, in the order of the instances' numbers; none
/// where the GPU is whole. `root`: where the node's files are looked up, "" for the node itself.
std::vector<GpuPart> find_parts(const std::string& number, const std::string& root);

}  // namespace berth::hooks
