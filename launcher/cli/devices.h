// SPDX-License-Identifier: Apache-2.0
// What --device asks for, made part of the request.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"
#include "hooks/memory.h"
#include "launcher/cli/asked_program.h"
#include "launcher/cli/session.h"
#include "launcher/model/image.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

class DeviceLook {
 public:
  /// Asks berth-hooks for what it knows better, if the request has such devices, and returns
  /// meanwhile. `state`: see hook_state(); empty where there are no hooks to ask. `images`: what
  /// the root is made of, the lowest first, for hooks that look into it.
  Status start(const Launch& launch,
               const Session& session,
               const std::string& state,
               std::vector<int> images = {});

  /// Whether earlier launches have found all that hooks would look for in these images: then
  /// start() asks nobody about it.
  bool recall(const Request& request,
              const Session& session,
              const std::vector<std::string>& contents);

  /// Asks those of berth's own hooks that look at a few files of this node.
  Status look_at_node(const Launch& launch, const Session& session);

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
  void remember();

  AskedProgram program_;
  bool is_started_ = false;
  bool may_write_ = false;
  bool was_asked_ = false;           ///< berth-hooks, which knows all hooks
  bool is_image_known_ = false;      ///< what hooks look for in it
  std::vector<hooks::Edits> known_;  ///< for which nobody is asked
  std::vector<std::string> asked_;   ///< hooks of berth's own
  std::optional<hooks::Memory> memory_;
  std::optional<hooks::Answer> answer_;
};

}  // namespace berth::cli
