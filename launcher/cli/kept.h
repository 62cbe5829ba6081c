// SPDX-License-Identifier: Apache-2.0
// Containers that a Slurm job keeps on a node for its later steps, or a user for later jobs, srun's
// --container-name: what they have changed, and the image that it was changed of.
#pragma once

#include "base/result.h"
#include "launcher/cli/session.h"
#include "launcher/model/request.h"

namespace berth::cli {

/// The plugin asks for one with an overlay "+job:NAME", or "+job:NAME:create" if there must be none
/// yet; an image "+job:NAME" is that of an earlier step; "+node:" is for later jobs, too. Makes the
/// directories that are needed, which nobody else can have made, and puts their names in the
/// request. Does nothing to other requests.
Status take_kept(const Session& session, Request& request);

}  // namespace berth::cli
