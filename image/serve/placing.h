// SPDX-License-Identifier: Apache-2.0
// Where a fresh server runs: beside its launcher, not in its way.
#pragma once

#include <sched.h>
#include <sys/types.h>

namespace berth::serve {

/// Where this process may run; empty where that cannot be told.
cpu_set_t read_cpus() noexcept;

/// Keeps process `server` off processor `launcher_cpu`, where the program will start, if `cpus` has
/// another one. A process that has not run yet moves without being stopped, so call it at once
/// after fork(2): fair scheduling puts a fresh process behind the one that made it, and the
/// launcher soon waits for the server. Best effort, only speed is at stake: errors are ignored.
/// Changes only the affinity of `server` (sched_setaffinity(2)).
void place_server(pid_t server, int launcher_cpu, cpu_set_t cpus) noexcept;

}  // namespace berth::serve
