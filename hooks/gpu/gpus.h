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

struct JobGpus;

/// What NVIDIA's driver gives; nothing where it is not there. A part of a GPU (MIG) is asked for as
/// "0:1": the second one of the first GPU. `root`: where the node's files are looked up, "" for the
/// node itself. `job`: what may be given.
Result<std::optional<Edits>> find_nvidia(const WantedGpus& wanted,
                                         const std::string& root,
                                         const JobGpus& job);

/// The same of AMD's, which have no parts.
Result<std::optional<Edits>> find_amd(const WantedGpus& wanted,
                                      const std::string& root,
                                      const JobGpus& job);

}  // namespace berth::hooks
