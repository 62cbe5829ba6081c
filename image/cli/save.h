// SPDX-License-Identifier: Apache-2.0
// The verb save: what a container has changed becomes a small image, stacked on the one it ran.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_save(const std::vector<std::string>& words, const Streams& streams, const Machine& machine);

}  // namespace berth::cli
