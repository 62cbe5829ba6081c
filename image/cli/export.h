// SPDX-License-Identifier: Apache-2.0
// The verb export: an image as an OCI archive, which podman, skopeo and their like read.
#pragma once

#include "image/cli/verb.h"

namespace berth::cli {

int run_export(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine);

}  // namespace berth::cli
