// SPDX-License-Identifier: Apache-2.0
// Decides how to launch: what was asked + what the host and the image are like -> steps. Touches
// nothing, so it can be tested by value and printed by `berth run --plan`.
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"
#include "launcher/model/steps.h"

#include <string>
#include <vector>

namespace berth::plan {

Result<std::vector<Step>> make_plan(const Launch& launch);

/// Completes the words "cannot ...".
std::string goal_of(const Step& step);

/// The whole plan for people: a numbered line for each step, details indented below.
std::string to_text(const std::vector<Step>& steps);

/// What a person could do about this refusal at this step; may be empty.
/// Pure: what had to be looked at again is in `findings`.
std::string hint_for(const Step& step, const Refusal& refusal, const Findings& findings);

/// Every hint there is; docs/errors.md has a paragraph for each.
std::vector<std::string> all_hints();

}  // namespace berth::plan
