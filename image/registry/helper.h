// SPDX-License-Identifier: Apache-2.0
// Runs a credential helper: docker-credential-NAME get, as docker and podman do.
#pragma once

#include "base/result.h"

#include <atomic>
#include <optional>
#include <string>

namespace berth::registry {

/// Asks the helper, which has 60 seconds because it may have to ask a person, for the credentials
/// of `server`. Returns what it prints; nothing when it knows of none. It gets few variables of
/// ours, and no file but its input and output. `stop`, if not null, turns non-zero to end it.
Result<std::optional<std::string>> ask_credential_helper(const std::string& helper,
                                                         const std::string& server,
                                                         const std::atomic<int>* stop);

}  // namespace berth::registry
