// SPDX-License-Identifier: Apache-2.0
// `berth image optimize`: an image again, with what a program's start reads of it first.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_optimize(const std::vector<std::string>& words,
                 const Streams& streams,
                 const Machine& machine);

}  // namespace berth::cli
