// SPDX-License-Identifier: Apache-2.0
// The hook of MPI: what it looks at, and what becomes of its answer.
#pragma once

#include "base/result.h"
#include "hooks/cli/into_image.h"
#include "hooks/edits.h"

#include <string>
#include <vector>

namespace berth::hooks {

struct MpiLook {
  std::string rule;                    ///< "auto", or one that the user insists on
  std::vector<std::string> libraries;  ///< the node's
  ImageLook image;
};

/// What cannot be replaced is an error where somebody insists, and else a warning.
Result<Edits> ask_mpi_hook(const MpiLook& look);

/// What MPI the image has, and with `node` this node, as lines of hooks/mpi_fact.h in the place of
/// variables, by the name of kMpiFacts.
Result<Edits> find_mpi_facts(const MpiLook& look, bool node);

}  // namespace berth::hooks
