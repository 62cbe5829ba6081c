// SPDX-License-Identifier: Apache-2.0
// What a container needs to use this node's fabric: its device files, and the libraries that know
// its adapters, where the image's do not. Changes nothing.
#pragma once

#include "hooks/edits.h"
#include "hooks/fabric/hardware.h"
#include "hooks/mpi/tree.h"

#include <cstdint>
#include <string>
#include <vector>

namespace berth::hooks {

struct FabricQuestion {
  Hardware hardware = {};
  std::vector<std::string> libraries = {};    ///< of the node, that have to stand in any case
  std::vector<std::string> environment = {};  ///< NAME=value, the program's
  std::uint64_t locked = UINT64_MAX;          ///< bytes of memory that it may lock
};

/// Where libraries of the node are that the image lacks.
inline constexpr const char* kFabricLibraries = "/run/berth/fabric";

/// A node without adapters changes nothing, unless there are libraries that have to stand. What
/// cannot be had is among `left_out`.
Edits find_fabric(const FabricQuestion& question, Tree& image, Tree& node);

}  // namespace berth::hooks
