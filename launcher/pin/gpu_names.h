// SPDX-License-Identifier: Apache-2.0
// What NVIDIA's driver calls its GPUs, which neither PCI nor the kernel knows.
#pragma once

#include "launcher/model/machine.h"

#include <string>
#include <vector>

namespace berth::pin {

/// Adds "nvidia2", the file in /dev, and "GPU-...", the identity, to devices that have a directory
/// in `folder` by their address. Reads only that folder; where it is not there, nothing is added.
void add_names_of_gpus(std::vector<Device>& devices, const std::string& folder);

}  // namespace berth::pin
