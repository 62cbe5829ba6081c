// SPDX-License-Identifier: Apache-2.0
// berth's own hooks, which are switched on by their names (hooks/name.h, kOwnHooks). Each looks at
// this node and says what a container needs of it. None changes anything.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <string>

namespace berth::hooks {

/// The node's time zone: /etc/localtime, and its name as /etc/timezone. `root`: where the node's
/// files are looked up, "" for the node itself. A node without the file has UTC (localtime(5)), and
/// so gets the container.
Result<Edits> find_localtime(const std::string& root);

struct SshQuestion {
  std::string home;            ///< the program's, in the container
  bool is_home_shown = false;  ///< it is the node's
  std::string nodes_home = {};
  std::string agent = {};  ///< where its socket is; empty: there is none
};

/// What ssh(1) looks at: the node's settings and known hosts, the user's ~/.ssh where the container
/// does not show it, and the agent.
Edits find_ssh(const std::string& root, const SshQuestion& question);

/// What the hook of that name finds on this node.
Result<Edits> find_own(const std::string& name);

}  // namespace berth::hooks
