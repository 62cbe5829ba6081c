// SPDX-License-Identifier: Apache-2.0
// The keeper: a small process that holds the namespaces of a container and goes when the last rank
// has gone. It lets the other ranks of a step into what the first of them built; and because the
// last holder of a mount namespace pays for taking its mounts down, it spares every program a
// millisecond between its exit and its parent's knowledge of it. It parses nothing from outside.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <string>

namespace berth::node {

/// How others come in. Without a listener nobody does.
struct Door {
  UniqueFd listener = {};
  std::string config = {};  ///< the image's configuration, for those who come
  unsigned expected = 1;    ///< ranks that will come, the leader among them
  int kept = -1;            ///< stays open as long as the keeper lives: a lock; the caller's
};

/// Starts the keeper: no child of the caller's, in a session of its own. Until `expected` ranks
/// have come it stays even if those that came have left, unless the caller's parent, the job's
/// launcher, is gone. Returns the socket on which enter::LinuxProcess announces the container; if
/// it closes before that, the keeper goes and the waiting ranks elect another leader. `helpers`:
/// see announce_helper().
Result<UniqueFd> start_keeper(Door door, int helpers);

}  // namespace berth::node
