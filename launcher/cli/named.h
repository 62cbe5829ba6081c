// SPDX-License-Identifier: Apache-2.0
// Containers that other verbs find: `berth run --name` and `--detach`.
#pragma once

#include "base/result.h"
#include "launcher/cli/session.h"
#include "launcher/model/group.h"
#include "launcher/model/image.h"
#include "launcher/model/steps.h"

#include <functional>
#include <vector>

namespace berth::cli {

/// Who stands by a launch, if anybody does.
struct Stage {
  int monitor = -1;  ///< hears which process is the program
  bool has_looked_at_limits = false;
  bool is_stood_by = false;  ///< the launch's parent is all that it has
  /// Writes down what is going to run.
  std::function<Status(const Launch& launch, const std::vector<Step>& rest)> describe = {};
  GroupPlan group = {};          ///< the control group that the program is to get
  std::vector<int> groups = {};  ///< cgroup.procs of it; the caller's
};

/// Does not return if the program begins. Else the exit code.
int run_container(Request request, Session& session, const Stage& stage);

/// Gives the container a record first. A detached one is left alone once its program has begun.
int run_named(Request request, Session& session);

}  // namespace berth::cli
