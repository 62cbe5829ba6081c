// SPDX-License-Identifier: Apache-2.0
// The verb import.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_import(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine);

}  // namespace berth::cli
