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

/// Whether some want to know what the container is, whatever is known of its image.
bool asks_for_state(const Request& request);

/// Whether some of them are a site's.
bool asks_programs(const Request& request);

/// Whether some may turn out to run while the container is built: a device's specification has
/// them, too.
bool may_have_hooks(const Request& request);

/// Keys and values.
std::vector<std::pair<std::string, std::string>> annotations_of(const Request& request);

/// A JSON object, as berth-hooks(7) describes it. Request, facts, role and what the image says are
/// looked at; fails as plan::make_plan() does.
Result<std::string> hook_state(const Launch& launch);

}  // namespace berth::cli
