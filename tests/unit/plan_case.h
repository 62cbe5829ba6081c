// SPDX-License-Identifier: Apache-2.0
// Launches that tests plan: an ordinary one, and those of tests/data/plans/NAME.case. A case is
// text: a line on what it is for, then [arguments] (one word per line), [facts] (KEY=VALUE, some
// keys repeatable; what is not named is as in ordinary_facts()), [config] (JSON, a line for
// each layer) and [role].
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"

#include <string>
#include <vector>

namespace berth::tests {

/// A user 'ada' in her home directory on the node 'n1', outside any job.
Facts ordinary_facts();

/// What `berth run WORDS…` would be planned from there.
Result<Launch> make_launch(const std::vector<std::string>& words);

/// Names of all cases, sorted.
std::vector<std::string> case_names();

std::string case_file(const std::string& name);
std::string plan_file(const std::string& name);

Result<Launch> read_case(const std::string& name);

}  // namespace berth::tests
