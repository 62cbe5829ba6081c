// SPDX-License-Identifier: Apache-2.0
// Files of NAME=VALUE lines, for --env-file.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace berth::request {

/// Lines `NAME=VALUE` (kept to the letter) or `NAME` (the caller's value); empty lines and lines
/// that begin with '#' are skipped, as podman-run(1) does. At most 1 MiB.
Result<std::vector<std::string>> read_env_file(const std::string& path);

}  // namespace berth::request
