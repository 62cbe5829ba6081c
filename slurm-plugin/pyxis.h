// SPDX-License-Identifier: Apache-2.0
// The options of Pyxis, NVIDIA's plugin, with the meaning that its documentation gives them, so
// that scripts written for it go on working. Pure.
#pragma once

#include "slurm-plugin/wish.h"

#include <string>
#include <vector>

namespace berth::slurm_plugin {

/// In the order of its documentation. Some are options of `berth run` with another meaning: these
/// count.
std::vector<ContainerOption> pyxis_options();

/// "[USER@][REGISTRY#]IMAGE[:TAG]" as the name that `berth import` gives such an image:
/// "REGISTRY/IMAGE:TAG". A path stays.
std::string pyxis_image(const std::string& value);

}  // namespace berth::slurm_plugin
