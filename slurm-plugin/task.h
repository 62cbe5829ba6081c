// SPDX-License-Identifier: Apache-2.0
// How a task's container travels from srun to `berth` on the node: in one variable.
#pragma once

#include "base/result.h"
#include "launcher/model/place.h"

#include <string>
#include <vector>

namespace berth::slurm_plugin {

/// What `berth` looks for on the node: launcher/request's text of the request.
constexpr const char* kTaskVariable = "BERTH_TASK";

/// The same on its way there. srun --export=NONE keeps the variables that begin with SLURM, and
/// no others; on the node the plugin gives it its own name.
constexpr const char* kTravellingVariable = "SLURM_BERTH_TASK";

/// Number of the descriptor to which `berth` writes the pids of its own processes.
constexpr const char* kHelpersVariable = "BERTH_HELPERS";

struct Task {
  std::string image;     ///< absolute
  std::string program;   ///< as typed; its arguments stay where they are
  std::string step_key;  ///< strangers cannot guess it
  Placing placing = {};  ///< of its ranks on their nodes
};

/// The value of the variable. Pure.
std::string make_task_text(const Task& task);

/// The value of --container-pin, which is that of --pin.
Result<Placing> parse_pin(const std::string& value);

/// 32 hexadecimal digits that nobody knows (getrandom(2)).
Result<std::string> make_step_key();

/// The program's name as the user typed it. Where srun looks programs up on the host
/// (LaunchParameters=test_exec), `argv[0]` is the host's path and means nothing in an image; the
/// typed word is still in srun's own `command_line`, which ends in the same words. Pure.
std::string typed_program(const std::vector<std::string>& command_line,
                          const std::vector<std::string>& argv);

}  // namespace berth::slurm_plugin
