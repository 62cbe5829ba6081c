// SPDX-License-Identifier: Apache-2.0
// Carries out a plan, one step after another.
//
// This file's object code may run after fork(): no allocation, no exceptions, no stdio.
// tests/component/child_symbols checks that with nm.
#pragma once

#include "launcher/enter/kernel.h"
#include "launcher/enter/trace.h"
#include "launcher/model/steps.h"

#include <optional>
#include <vector>

namespace berth::enter {

/// Where a launch stopped. Small and flat, so that a child can send it up a pipe.
struct Stumble {
  unsigned step = 0;
  Call call = Call::none;
  int number = 0;
};

/// The texts that execve wants as arrays of pointers, made before anything is carried out. Points
/// into the steps, which must outlive it.
struct Prepared {
  std::vector<const char*> candidates;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<int> kept;
};

Prepared prepare(std::vector<Step>& steps);

/// Returns only when a step was refused. `trace`, which may be null, expects the steps, and is told
/// before the program is executed.
std::optional<Stumble> carry_out(const std::vector<Step>& steps,
                                 const Prepared& prepared,
                                 Kernel& kernel,
                                 Trace* trace = nullptr) noexcept;

}  // namespace berth::enter
