// SPDX-License-Identifier: Apache-2.0
// Threads of the server: they have small stacks, and nobody waits for them.
#pragma once

namespace berth::serve {

/// Runs `run(argument)` in a detached thread with a stack of 256 KiB (pthread_create(3)). False
/// where no thread can be had.
bool start_detached(void* (*run)(void*), void* argument) noexcept;

}  // namespace berth::serve
