// SPDX-License-Identifier: Apache-2.0
// Those of berth's own hooks (hooks/name.h, kOwnHooks), or parts of them, that look at a few files
// of this node and at no image: a launch asks them itself. None changes anything.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <string>
#include <vector>

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

struct RanksQuestion {
  /// NAME=value, the caller's: the image's and the program's must not choose what of the node is
  /// shown.
  std::vector<std::string> environment = {};
  bool has_own_network = false;         ///< the container
  std::vector<std::string> shown = {};  ///< the node's, that the container has anyway
};

/// What ranks of a job need of its launcher besides libraries and what every container has (the
/// launcher's variables, the descriptor in PMI_FD, the directories of PMIx): directories that
/// PALS_SPOOL_DIR and FLUX_URI name. What cannot be had is among `left_out`.
Edits find_for_ranks(const std::string& root, const RanksQuestion& question);

}  // namespace berth::hooks
