// SPDX-License-Identifier: Apache-2.0
// Edits as JSON: what berth-hooks tells the launcher. Pure.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::hooks {

/// Edits, or why there are none, in one line.
std::string to_text(const Result<std::vector<Edits>>& edits);

/// What to_text() was given. An error keeps its words, and not the kernel's number.
Result<std::vector<Edits>> parse_edits(std::string_view text);

}  // namespace berth::hooks
