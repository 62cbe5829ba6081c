// SPDX-License-Identifier: Apache-2.0
// What hooks are told of a container before it is built. Pure.
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"

#include <string>
#include <utility>
#include <vector>

namespace berth::cli {

/// Whether there are hooks to be asked: no other launch waits for its image's configuration.
bool asks_hooks(const Request& request);

/// Whether some of them are a site's.
bool asks_programs(const Request& request);

/// Whether some may turn out to run while the container is built: a device's specification has
/// them, too.
bool may_have_hooks(const Request& request);

/// Keys and values.
std::vector<std::pair<std::string, std::string>> annotations_of(const Request& request);

/// What of the node the container has at the node's own place. Request and facts are looked at.
std::vector<std::string> shown_of(const Launch& launch);

/// A JSON object, as berth-hooks(7) describes it. Request, facts, role and what the image says are
/// looked at; fails as plan::make_plan() does.
Result<std::string> hook_state(const Launch& launch);

}  // namespace berth::cli
