// SPDX-License-Identifier: Apache-2.0
// The verb merge: an image and the changes that were saved to it become one image.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_merge(const std::vector<std::string>& words,
              const Streams& streams,
              const Machine& machine);

}  // namespace berth::cli
