// SPDX-License-Identifier: Apache-2.0
// The verb verify: is an image what it was when it was made, and is it whose it should be?
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_verify(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine);

}  // namespace berth::cli
