// SPDX-License-Identifier: Apache-2.0
// Threads that the kernel may refuse: who has reached the bound on them gets an error, not an
// exception that ends the program.
#pragma once

#include "base/result.h"

#include <system_error>
#include <thread>
#include <utility>

namespace berth {

/// A new thread that does `work`, or the kernel's answer.
template <class Work>
Result<std::thread> start_thread(Work work) {
  try {
    return std::thread(std::move(work));
  } catch (const std::system_error& refusal) {
    return Error{
        Blame::host,
        "start a thread",
        Refusal{"clone", refusal.code().value()},
        "your processes and threads are at their bound: raise it (ulimit -u), or end some"};
  }
}

}  // namespace berth
