// SPDX-License-Identifier: Apache-2.0
// By which ways the libraries of MPI that a tree has find out who their peers are.
#pragma once

#include "hooks/mpi/copies.h"
#include "hooks/mpi_fact.h"

#include <string>
#include <vector>

namespace berth::hooks {

/// Of each copy that programs may get (find_copies()). `environment`: NAME=value, the program's.
std::vector<MpiFact> find_facts(Tree& tree,
                                const std::vector<std::string>& environment,
                                Reach reach);

}  // namespace berth::hooks
