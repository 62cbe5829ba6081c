// SPDX-License-Identifier: Apache-2.0
// The options about what a container may use. Pure. No third-party library: the Slurm plugin links
// this.
#pragma once

#include "launcher/request/options.h"

#include <vector>

namespace berth::request {

/// Their rows of the table.
std::vector<Option> limit_rows();

}  // namespace berth::request
