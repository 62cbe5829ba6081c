// SPDX-License-Identifier: Apache-2.0
// Carries a plan out in this process, which becomes the program. The only room that changes the
// machine.
#pragma once

#include "base/result.h"
#include "launcher/enter/linux_mounts.h"
#include "launcher/enter/linux_process.h"
#include "launcher/enter/trace.h"
#include "launcher/model/steps.h"

#include <optional>
#include <span>
#include <vector>

namespace berth::enter {

/// Descriptors that a plan's steps need; they stay the caller's.
struct Tools {
  int server_control = -1;             ///< the image's server process, for MountImage
  int image = -1;                      ///< the image's file, for LayStartFiles
  timespec image_written = {};         ///< ... and when it was last written, before anybody read it
  int overlay = -1;                    ///< the directory that keeps changes, for AttachOverlay
  int keeper = -1;                     ///< for ShareContainer, and for an init that stays
  Doors doors = {};                    ///< for JoinContainer
  int helpers = -1;                    ///< see LinuxProcess
  std::span<const Source> above = {};  ///< see LinuxMounts
  bool dies_with_parent = false;       ///< whoever started this process is all that it has
  Trace* trace = nullptr;              ///< of this launch; null: there is none
  int monitor = -1;                    ///< for AnnounceProgram
  Doors groups = {};                   ///< for EnterGroup
  int hooks = -1;                      ///< for RunHooks
};

/// Why the program did not begin. Exit codes: 127 it was not found, 126 it could not be executed,
/// 125 anything before that.
struct Failure {
  Error error;
  int exit_code = 125;
  unsigned step = 0;  ///< counted from 0 over all parts of the plan
};

/// A launch under way. After a failure the process is somewhere between outside and inside: print
/// it and leave.
class Launching {
 public:
  explicit Launching(const Tools& tools) noexcept
      : mounts_(tools.server_control, tools.image, tools.image_written, tools.overlay, tools.above),
        process_(tools.keeper,
                 tools.doors,
                 tools.helpers,
                 tools.monitor,
                 tools.dies_with_parent,
                 tools.groups),
        trace_(tools.trace) {
    process_.use_hooks(tools.hooks);
  }

  /// Carries out a plan, or the next part of one. Does not return if the last step starts the
  /// program.
  std::optional<Failure> carry_out(std::vector<Step>& steps);

  /// How many steps have been taken, in all parts that were carried out whole.
  [[nodiscard]] unsigned taken() const noexcept { return taken_; }

 private:
  LinuxMounts mounts_;
  LinuxProcess process_;
  Trace* trace_;
  unsigned taken_ = 0;
};

}  // namespace berth::enter
