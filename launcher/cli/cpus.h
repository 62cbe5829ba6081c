// SPDX-License-Identifier: Apache-2.0
// What a launch has to know of the node's CPUs, if it asks where its program runs.
#pragma once

#include "launcher/cli/pin_program.h"
#include "launcher/cli/session.h"
#include "launcher/model/image.h"

#include <string>

namespace berth::cli {

class CpuLook {
 public:
  explicit CpuLook(Launch& launch) : launch_(launch) {}

  /// Who may run where, and whether what is asked for can be done there. Nothing where nothing is
  /// asked for.
  Status begin(const Session& session);

  /// Starts to look at the machine, and returns meanwhile; nothing where nobody needs to know it.
  Status start();

  /// Waits for what it is like.
  Status finish();

  /// For the ranks that share the container: empty where nobody needed to know it.
  [[nodiscard]] const std::string& machine_text() const { return text_; }

  /// What another rank has found, so that this one need not look. Looks if that is nothing.
  Status take(std::string text);

 private:
  Status parse();

  Launch& launch_;
  PinProgram program_;
  std::string text_;
};

/// Prints the drawing that is asked for. Returns the exit code.
int draw_node(Request request, Session& session);

}  // namespace berth::cli
