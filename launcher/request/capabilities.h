// SPDX-License-Identifier: Apache-2.0
// The options about a program's rights inside its namespaces. Pure. No third-party library: the
// Slurm plugin links this.
#pragma once

#include "launcher/request/options.h"

#include <vector>

namespace berth::request {

/// Their rows of the table.
std::vector<Option> capability_rows();

}  // namespace berth::request
