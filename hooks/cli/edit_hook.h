// SPDX-License-Identifier: Apache-2.0
// A site's own program that says what to change in a container.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <string>

namespace berth::hooks {

/// Runs it with `state` on its standard input and takes what it writes; what it complains about
/// though all is well becomes a warning. It gets PATH and LANG, and 10 seconds.
Result<Edits> ask_edit_hook(const std::string& path, const std::string& state, Answer& answer);

/// Whether each hook's program is there, and nobody else could have put it there. Those of
/// startContainer are the container's.
Status check_programs(const Edits& edits);

}  // namespace berth::hooks
