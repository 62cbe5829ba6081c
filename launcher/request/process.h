// SPDX-License-Identifier: Apache-2.0
// The options about a program's process. Pure. No third-party library: the Slurm plugin links this.
#pragma once

#include "launcher/model/process.h"
#include "launcher/request/options.h"

#include <string>
#include <vector>

namespace berth::request {

/// "NAME=SOFT[:HARD]" as podman-run(1) has it; without HARD both are SOFT. A number in
/// setrlimit(2)'s units, or "unlimited", which -1 is too.
Result<Limit> parse_limit(const std::string& text);

/// The text from which parse_limit() makes it again.
std::string to_limit_text(const Limit& limit);

/// "90", "90s", "10m", "2h", "1d" in seconds.
Result<std::uint64_t> parse_duration(const std::string& text);

/// Their rows of the table.
std::vector<Option> process_rows();

}  // namespace berth::request
