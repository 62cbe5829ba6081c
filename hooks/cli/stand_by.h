// SPDX-License-Identifier: Apache-2.0
// Stands by a container, outside of it, and runs its hooks when their time has come.
#pragma once

namespace berth::hooks {

/// Reads what to run (hooks/standing.h) from standard input, leaves a process of its own, which is
/// nobody's child, and prints its number. Returns an exit code. The process serves who builds the
/// container on descriptor kBuilder and goes with the container.
int stand_by();

}  // namespace berth::hooks
