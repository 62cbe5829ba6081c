// SPDX-License-Identifier: Apache-2.0
// What a program that a job's launcher has started needs to talk to it: the Process Management
// Interface, in each of its generations. Changes nothing.
#pragma once

#include "hooks/edits.h"
#include "hooks/mpi/tree.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

struct PmiQuestion {
  std::vector<std::string> environment = {};  ///< NAME=value, the program's
  bool has_own_network = false;               ///< the container
  /// Of the caller: the image's and the program's must not choose what of the node is shown.
  std::optional<std::string> spool_directory = {};  ///< PALS_SPOOL_DIR
  std::optional<std::string> flux_uri = {};         ///< FLUX_URI
  std::vector<std::string> shown = {};              ///< the node's, that the container has anyway
};

/// Where libraries of the node are that the image lacks.
inline constexpr const char* kPmiLibraries = "/run/berth/pmi";

/// Besides what every container has: the launcher's variables, the descriptor in PMI_FD, and the
/// directories of PMIx. What cannot be had is among `left_out`.
Edits find_pmi(const PmiQuestion& question, Tree& image, Tree& node);

}  // namespace berth::hooks
