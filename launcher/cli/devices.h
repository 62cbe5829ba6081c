// SPDX-License-Identifier: Apache-2.0
// What --device asks for, made part of the request.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"
#include "hooks/memory.h"
#include "launcher/cli/asked_program.h"
#include "launcher/cli/session.h"
#include "launcher/model/request.h"

#include <optional>
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

  /// Whether earlier launches have found all that hooks would look for in these images: then
  /// start() asks nobody about it.
  bool recall_of_image(const Request& request,
                       const Session& session,
                       const std::vector<std::string>& contents);

  /// Whether the image's MPI makes place for this node's.
  [[nodiscard]] bool replaces_mpi() const;

  [[nodiscard]] bool is_started() const { return is_started_; }

  /// Waits for the answer, and keeps it for later launches where that can be done.
  Status finish();

  /// Whether there was something to find out.
  [[nodiscard]] bool is_asked() const { return answer_.has_value(); }

  /// For the ranks that share the container; empty where nothing had to be found out.
  [[nodiscard]] std::string answer() const;

  /// What another rank has been told.
  Status take(const std::string& text);

  /// Adds what shows the devices, what else they need, and what hooks want. What the user himself
  /// has asked for goes before it. Returns what was not added, as sentences.
  Result<std::vector<std::string>> add_to(Request& request) const;

  /// Those that are to run while the container is built, and after.
  [[nodiscard]] std::vector<hooks::Hook> hooks() const;

  /// Comments for each part of the answer, in front of a plan.
  [[nodiscard]] std::string description() const;

 private:
  [[nodiscard]] bool knows(const std::string& hook) const;
  [[nodiscard]] bool asks_mpi(const Request& request) const;
  void recall(const std::string& hook, hooks::Memory memory);
  void recall_of_image(const Request& request, const std::string& hook, hooks::Memory memory);
  void remember();

  AskedProgram program_;
  bool is_started_ = false;
  bool may_write_ = false;
  bool was_asked_ = false;           ///< berth-hooks, which knows all hooks
  std::vector<hooks::Edits> known_;  ///< from earlier launches
  std::vector<std::pair<std::string, hooks::Memory>> memories_;  ///< of hooks that are asked
  std::optional<hooks::Answer> answer_;
};

}  // namespace berth::cli
