// SPDX-License-Identifier: Apache-2.0
// How a task's container travels from srun to `berth` on the node: in one variable.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::slurm_plugin {

/// What `berth` looks for on the node: launcher/request's text of the request.
constexpr const char* kTaskVariable = "BERTH_TASK";

/// The same on its way there. srun --export=NONE keeps the variables that begin with SLURM, and
/// no others; on the node the plugin gives it its own name.
constexpr const char* kTravellingVariable = "SLURM_BERTH_TASK";

/// A batch script's request on its way. A job's steps do not see it.
constexpr const char* kScriptVariable = "SLURM_BERTH_SCRIPT";

/// Where slurmd has put the script.
constexpr const char* kScriptPathVariable = "BERTH_SCRIPT";

/// Number of the descriptor to which `berth` writes the pids of its own processes.
constexpr const char* kHelpersVariable = "BERTH_HELPERS";

/// The value of the variable. More than execve(2) takes as one variable is refused.
Result<std::string> make_task_text(const Request& request);

/// 32 hexadecimal digits that nobody knows (getrandom(2)).
Result<std::string> make_step_key();

/// The program's name as the user typed it. Where srun looks programs up on the host
/// (LaunchParameters=test_exec), `argv[0]` is the host's path and means nothing in an image; the
/// typed word is still in srun's own `command_line`, which ends in the same words. Pure.
std::string typed_program(const std::vector<std::string>& command_line,
                          const std::vector<std::string>& argv);

/// A file of programs, as srun(1) describes for --multi-prog, with `berth` before each of them.
/// Pure.
std::string with_berth(const std::string& programs, const std::string& berth);

}  // namespace berth::slurm_plugin
