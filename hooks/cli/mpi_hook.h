// SPDX-License-Identifier: Apache-2.0
// The hook of MPI: what it looks at, and what becomes of its answer.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <cstddef>
#include <string>
#include <vector>

namespace berth::hooks {

struct MpiLook {
  std::string rule;                    ///< "auto", or one that the user insists on
  std::vector<std::string> libraries;  ///< the node's
  std::size_t images = 0;              ///< open from descriptor 3 on, the lowest first
  std::string memory;                  ///< the directory of what is known; may be empty
  std::string state;                   ///< what the launcher says of the container
};

/// What cannot be replaced is an error where somebody insists, and else one of `warnings`.
Result<Edits> ask_mpi_hook(const MpiLook& look, std::vector<std::string>& warnings);

}  // namespace berth::hooks
