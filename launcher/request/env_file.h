// SPDX-License-Identifier: Apache-2.0
// Files of NAME=VALUE lines, for --env-file.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::request {

/// Lines `NAME=VALUE` (kept to the letter) or `NAME` (the caller's value); empty lines and lines
/// that begin with '#' are skipped, as podman-run(1) does. At most 1 MiB.
Result<std::vector<EnvChange>> read_env_file(const std::string& path);

/// Puts what files say in the place of their names. `preset`: so many changes at the beginning
/// belong together, and then as many as stand in their place.
Status read_env_files(std::vector<EnvChange>& changes, std::size_t& preset);

}  // namespace berth::request
