// SPDX-License-Identifier: Apache-2.0
// Whether this node's MPI can take the place of an image's, and what that takes.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"
#include "hooks/mpi/tree.h"

#include <string>
#include <vector>

namespace berth::hooks {

struct MpiQuestion {
  std::string rule;                           ///< "auto", "strict", "full" or "major"
  std::vector<std::string> libraries = {};    ///< the node's, where the loader does not know it
  std::vector<std::string> environment = {};  ///< NAME=value, the program's
};

/// Where libraries of the node are that the image lacks.
inline constexpr const char* kMpiLibraries = "/run/berth/mpi";

/// What puts the node's libraries in the place of the image's. What an error says completes the
/// words "the image's MPI cannot be replaced by this node's: ". An image without one has nothing to
/// be replaced, which is no error: the answer says so and changes nothing.
struct MpiSwap {
  bool has_mpi = false;  ///< the image
  Edits edits = {};
  std::string refused = {};  ///< why not, a line; empty: it is replaced
};

MpiSwap find_mpi(const MpiQuestion& question, Tree& image, Tree& node);

}  // namespace berth::hooks
