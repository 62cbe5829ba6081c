// SPDX-License-Identifier: Apache-2.0
// Where libraries have what they open at run time.
#pragma once

#include "hooks/mpi/tree.h"

#include <string>
#include <vector>

namespace berth::hooks {

/// Paths of the plug-ins in `directory`, which may be a link, and, as Debian's Open MPI has its
/// components, two directories deeper.
std::vector<std::string> plugins_beside(Tree& tree, const std::string& directory);

}  // namespace berth::hooks
