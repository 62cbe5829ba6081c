// SPDX-License-Identifier: Apache-2.0
// `berth image VERB …`: what is done with images that exist. One table names the verbs.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_image(const std::vector<std::string>& words,
              const Streams& streams,
              const Machine& machine);

/// The text of `berth image --help`.
std::string image_help();

}  // namespace berth::cli
