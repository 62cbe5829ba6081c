// SPDX-License-Identifier: Apache-2.0
// --bind, --mount and --tmpfs: the places that a container shows besides its image. Pure. No
// third-party library: the Slurm plugin links this.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"

#include <string>

namespace berth::request {

/// "SRC[:DST[:OPTS]]" with relative sources left as they are.
Result<Bind> parse_bind(const std::string& text);

/// "type=bind|image|tmpfs|devpts|mqueue|sysfs,KEY[=VALUE],...", as podman-run(1) has it: a field
/// with a comma in it stands in double quotes.
Result<Bind> parse_mount(const std::string& text);

/// "DST[:OPTS]".
Result<Bind> parse_tmpfs(const std::string& text);

/// The text from which parse_mount() makes it again.
std::string to_mount_text(const Bind& bind);

}  // namespace berth::request
