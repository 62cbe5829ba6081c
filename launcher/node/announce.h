// SPDX-License-Identifier: Apache-2.0
// Tells who started this process that berth has made others, which outlive it for a moment: Slurm's
// plugin keeps the step open until they have gone.
#pragma once

#include <sys/types.h>

namespace berth::node {

/// Writes `pid` to `helpers`, the plugin's pipe; nothing if that is -1. Async-signal-safe.
void announce_helper(int helpers, pid_t pid) noexcept;

}  // namespace berth::node
