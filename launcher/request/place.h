// SPDX-License-Identifier: Apache-2.0
// The options about where a program runs. Pure. No third-party library: the Slurm plugin links
// this.
#pragma once

#include "launcher/request/options.h"

#include <vector>

namespace berth::request {

/// Their rows of the table.
std::vector<Option> place_rows();

}  // namespace berth::request
