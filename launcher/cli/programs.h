// SPDX-License-Identifier: Apache-2.0
// berth's other programs, which have the libraries that a launch must not load.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

/// Where a program may lie: installed, and in the build tree, in whose folder `built` it is.
std::vector<std::string> places_of(const std::string& program, const std::string& built);

/// The error of a program that could not be started.
Error cannot_start(const std::string& program, std::string_view call, int number);

}  // namespace berth::cli
