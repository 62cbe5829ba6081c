// SPDX-License-Identifier: Apache-2.0
// The names of stages, as the runtime specification has them. Pure.
#pragma once

#include "hooks/edits.h"

#include <array>
#include <optional>
#include <string_view>

namespace berth::hooks {

/// In the order of enum Stage.
inline constexpr std::array<std::string_view, 6> kStageNames = {
    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};

constexpr std::string_view name_of(Stage stage) {
  return kStageNames[static_cast<unsigned>(stage)];
}

constexpr std::optional<Stage> stage_of(std::string_view name) {
  for (unsigned i = 0; i < kStageNames.size(); ++i)
    if (kStageNames[i] == name) return static_cast<Stage>(i);
  return std::nullopt;
}

}  // namespace berth::hooks
