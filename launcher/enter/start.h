// SPDX-License-Identifier: Apache-2.0
// Carries a plan out in this process, which becomes the program. The only room that changes the
// machine.
#pragma once

#include "base/result.h"
#include "launcher/enter/linux_process.h"
#include "launcher/model/steps.h"

#include <vector>

namespace berth::enter {

/// Descriptors that a plan's steps need; they stay the caller's.
struct Tools {
  int server_control = -1;  ///< the image's server process, for MountImage
  int keeper = -1;          ///< for ShareContainer
  Doors doors = {};         ///< for JoinContainer
};

/// Why the program did not begin. Exit codes: 127 it was not found, 126 it could not be executed,
/// 125 anything before that.
struct Failure {
  Error error;
  int exit_code = 125;
  unsigned step = 0;
};

/// Returns only when the program could not be started. The process is then somewhere between
/// outside and inside: print the failure and leave.
Failure start(std::vector<Step>& steps, const Tools& tools);

}  // namespace berth::enter
