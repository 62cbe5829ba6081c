// SPDX-License-Identifier: Apache-2.0
// Hooks as JSON, for the texts that they travel in. Pure.
#pragma once

#include "hooks/edits.h"

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace berth::hooks {

nlohmann::json to_json(const std::vector<Hook>& hooks);

/// Throws nlohmann::json::exception where `json` is none of to_json().
std::vector<Hook> hooks_from_json(const nlohmann::json& json);

}  // namespace berth::hooks
