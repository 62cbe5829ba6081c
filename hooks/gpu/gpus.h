// SPDX-License-Identifier: Apache-2.0
// GPUs of a node that has no specification of them: what their drivers show in /proc and /sys,
// their files in /dev, and the driver's libraries. It changes nothing.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"
#include "hooks/name.h"

#include <optional>
#include <string>

namespace berth::hooks {

/// Where the driver's libraries are in a container: beside the image's, which may be of another
/// driver's release or none.
inline constexpr const char* kDriverLibraries = "/run/berth/driver";

/// What NVIDIA's driver gives; nothing where it is not there. `root`: where the node's files are
/// looked up, "" for the node itself.
Result<std::optional<Edits>> find_nvidia(const WantedGpus& wanted, const std::string& root);

/// The same of AMD's.
Result<std::optional<Edits>> find_amd(const WantedGpus& wanted, const std::string& root);

}  // namespace berth::hooks
