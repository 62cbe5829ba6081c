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

/// The steps that a plan begins with and that no image has a say in: they can be carried out while
/// its server still reads it. Of `launch`, request, facts and role are looked at. A joiner has
/// none.
Result<std::vector<Step>> make_beginning(const Launch& launch);

/// The steps that follow.
Result<std::vector<Step>> make_rest(const Launch& launch);

/// Both, in this order.
Result<std::vector<Step>> make_plan(const Launch& launch);

/// Completes the words "cannot ...".
std::string goal_of(const Step& step);

/// A plan, or a part of one, for people: a line for each step, numbered from `first` on, details
/// indented below.
std::string to_text(const std::vector<Step>& steps, unsigned first = 1);

/// What a person could do about this refusal at this step; may be empty.
/// Pure: what had to be looked at again is in `findings`.
std::string hint_for(const Step& step, const Refusal& refusal, const Findings& findings);

/// Every hint there is; docs/errors.md has a paragraph for each.
std::vector<std::string> all_hints();

}  // namespace berth::plan
