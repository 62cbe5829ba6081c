// SPDX-License-Identifier: Apache-2.0
// What --device asks for, made part of the request.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"
#include "launcher/cli/asked_program.h"
#include "launcher/cli/session.h"
#include "launcher/model/request.h"

#include <string>
#include <utility>
#include <vector>

namespace berth::cli {

class DeviceLook {
 public:
  /// Asks berth-hooks for what it knows better, if the request has such devices, and returns
  /// meanwhile. `state`: see hook_state(); empty where there are no hooks to ask. `images`: what
  /// the root is made of, the lowest first, for hooks that look into it.
  Status start(const Request& request,
               const Session& session,
               const std::string& state,
               std::vector<int> images = {});

  /// Waits for the answer.
  Status finish();

  [[nodiscard]] bool is_asked() const { return !answer_.empty(); }

  /// For the ranks that share the container; empty where nothing had to be asked.
  [[nodiscard]] const std::string& answer() const { return answer_; }

  /// What another rank has been told.
  void take(std::string answer) { answer_ = std::move(answer); }

  /// Adds what shows the devices, what else they need, and what hooks want. What the user himself
  /// has asked for goes before it. Returns what was not added, as sentences.
  Result<std::vector<std::string>> add_to(Request& request) const;

  /// Those that are to run while the container is built, and after.
  [[nodiscard]] std::vector<hooks::Hook> hooks() const;

  /// Comments for each part of the answer, in front of a plan.
  [[nodiscard]] std::string description() const;

 private:
  AskedProgram program_;
  std::string answer_;
};

}  // namespace berth::cli
