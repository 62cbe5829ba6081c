// SPDX-License-Identifier: Apache-2.0
// Who is where on a machine, for people. Pure.
#pragma once

#include "launcher/model/machine.h"

#include <string>
#include <vector>

namespace berth::pin {

/// For a terminal, 80 columns wide: cores with their CPUs, and the ranks on them. `ranks` are by
/// their number on the node, and so are the devices that they are near to, if any; CPUs that are
/// not `allowed` are marked. Devices are GPUs and network cards, and others if a rank is near to
/// one.
std::string draw_text(const Machine& machine,
                      const Numbers& allowed,
                      const std::vector<Numbers>& ranks,
                      const std::vector<std::vector<Device>>& devices);

/// The same as a picture, SVG 1.1 in one file.
std::string draw_svg(const Machine& machine,
                     const Numbers& allowed,
                     const std::vector<Numbers>& ranks,
                     const std::vector<std::vector<Device>>& devices);

}  // namespace berth::pin
