// SPDX-License-Identifier: Apache-2.0
// `berth image remove`.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_remove(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine);

}  // namespace berth::cli
