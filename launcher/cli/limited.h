// SPDX-License-Identifier: Apache-2.0
// Launches with a control group of their own: `berth run --memory` and the like, and `--stats`.
#pragma once

#include "launcher/cli/named.h"

namespace berth::cli {

/// As run_container(), of which it is a part: makes the group first, and stands by the launch to
/// say in the end what the limits have done, and to take the group away. Somebody else takes it
/// away if this process is killed.
int run_limited(Request request, Session& session, Stage stage);

}  // namespace berth::cli
