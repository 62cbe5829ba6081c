// SPDX-License-Identifier: Apache-2.0
// `berth image inspect` and `berth image history`: what an image says about itself.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_inspect(const std::vector<std::string>& words,
                const Streams& streams,
                const Machine& machine);

int run_history(const std::vector<std::string>& words,
                const Streams& streams,
                const Machine& machine);

}  // namespace berth::cli
