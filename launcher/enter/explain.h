// SPDX-License-Identifier: Apache-2.0
// Turns a Stumble back into a sentence.
#pragma once

#include "base/error.h"
#include "launcher/enter/carry_out.h"
#include "launcher/model/facts.h"

namespace berth::enter {

/// Looks again at what a refused step was about, from where the process is now. Changes nothing.
Findings look_again(const Step& step);

/// Pure.
Error explain(const Stumble& stumble, const std::vector<Step>& steps, const Findings& findings);

/// 127 or 126 for the last step as shells have it, 125 for every other.
int exit_code_for(const Stumble& stumble, const std::vector<Step>& steps);

}  // namespace berth::enter
