// SPDX-License-Identifier: Apache-2.0
// Libraries that a program needs to talk to the job's launcher which has started it: clients of the
// Process Management Interface. Changes nothing. What else it needs: hooks/own/own.h.
#pragma once

#include "hooks/edits.h"
#include "hooks/mpi/tree.h"

namespace berth::hooks {

/// Where libraries of the node are that the image lacks.
inline constexpr const char* kPmiLibraries = "/run/berth/pmi";

/// What cannot be had is among `left_out`.
Edits find_pmi(Tree& image, Tree& node);

}  // namespace berth::hooks
