// SPDX-License-Identifier: Apache-2.0
// The verb sign: a signature of an image, in a file beside it.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_sign(const std::vector<std::string>& words, const Streams& streams, const Machine& machine);

}  // namespace berth::cli
