// SPDX-License-Identifier: Apache-2.0
// What a fresh child does to be a hook's program.
#pragma once

#include "hooks/run/program.h"

namespace berth::hooks {

/// Descriptors, of a child that is to become a program.
struct ChildFiles {
  int input;
  int output;
  int errors;
  int trouble;  ///< an errno is written to it where it cannot begin
  int parent;   ///< a pipe whose other end is open in who waits for it, and nowhere else
};

/// It leads a process group of its own, and does not outlive who has started it. It ends with the
/// program, whose namespaces may need another process.
[[noreturn]] void become(const Program& program, const ChildFiles& files);

}  // namespace berth::hooks
