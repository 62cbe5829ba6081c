// SPDX-License-Identifier: Apache-2.0
// The keeper: a small process that lets the ranks of a step into the container that the first of
// them built, and goes when the last one has gone. It holds the container's namespaces and parses
// nothing that comes from outside.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <string>

namespace berth::node {

/// Starts the keeper: no child of the caller's, in a session of its own. `expected` ranks will
/// come; until then it stays even if those that came have left, unless the caller's parent, the
/// job's launcher, is gone. Returns the socket on which enter::LinuxProcess announces the
/// container; if it closes before that, the keeper goes and the waiting ranks elect another leader.
/// `helpers`: see announce_helper().
Result<UniqueFd> start_keeper(UniqueFd listener,
                              const std::string& config,
                              unsigned expected,
                              int helpers);

}  // namespace berth::node
