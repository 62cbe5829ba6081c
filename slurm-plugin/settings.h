// SPDX-License-Identifier: Apache-2.0
// The words after the plugin's name in plugstack.conf. Pure.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace berth::slurm_plugin {

struct Settings {
  std::string berth;            ///< where `berth` is on the nodes
  bool scripts_inside = false;  ///< sbatch may put a script into an image
  bool keeps_for_node = false;  ///< --container-name outlives its job, where no scope is named
};

/// Understands "berth=/PATH", "scripts=inside" and Pyxis's "container_scope=job|global"; what is
/// not said has the value it was built with.
Result<Settings> parse_settings(const std::vector<std::string>& words);

}  // namespace berth::slurm_plugin
