// SPDX-License-Identifier: Apache-2.0
// --device, --gpus and --dev: which of the node's devices a container has. Pure. No third-party
// library: the Slurm plugin links this.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"

#include <string>

namespace berth::request {

/// "VENDOR/CLASS=NAME", or "PATH[:PATH_INSIDE][:RIGHTS]" as podman-run(1) has it.
Status add_device(Request& request, const std::string& value);

/// What shows a device that was named by its path.
Bind bind_of_device(const std::string& value);

/// "all", or numbers and names with commas between them.
Status set_gpus(Request& request, const std::string& value);

/// "host", "minimal".
Status set_dev(Request& request, const std::string& value);

}  // namespace berth::request
