// SPDX-License-Identifier: Apache-2.0
// The process that stands by a container to run its hooks, where it has any.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "hooks/edits.h"
#include "launcher/cli/session.h"
#include "launcher/model/image.h"

#include <string>
#include <vector>

namespace berth::cli {

class HookStand {
 public:
  /// Before the keeper is started, which holds life() for as long as the container is there.
  Status prepare();

  [[nodiscard]] int life() const { return keepers_.get(); }

  /// Starts it, unless there is no hook. The launch's standard error is its own until the program
  /// begins.
  Status start(const Launch& launch, const std::vector<hooks::Hook>& hooks, Session& session);

  /// For enter::Tools; -1 where it was not started.
  [[nodiscard]] int line() const { return line_.get(); }

  /// After a refusal of RunHooks: which hook has failed, and how. Once.
  [[nodiscard]] Error failure() const;

  /// There will be no program.
  void give_up() const;

 private:
  UniqueFd keepers_;
  UniqueFd stands_;
  UniqueFd line_;
};

}  // namespace berth::cli
