// SPDX-License-Identifier: Apache-2.0
// The keeper: a small process that holds the namespaces of a container and goes when the last rank
// has gone. It lets the other ranks of a step into what the first of them built; and because the
// last holder of a mount namespace pays for taking its mounts down, it spares every program a
// millisecond between its exit and its parent's knowledge of it. It parses nothing from outside.
#pragma once

#include "base/fd.h"
#include "base/orphans.h"
#include "base/result.h"
#include "launcher/node/keeper_loop.h"

#include <memory>
#include <string>

namespace berth::node {

/// How others come in. Without a listener nobody does.
struct Door {
  UniqueFd listener = {};
  std::string config = {};   ///< for those who come: what the leader knows already
  unsigned expected = 1;     ///< ranks that will come, the leader among them
  std::string network = {};  ///< see Network
  IdMaps ids = {};           ///< see IdMapper
  int kept = -1;             ///< stays open as long as the keeper lives: a lock; the caller's
  pid_t launcher = 0;        ///< of the ranks; 0: the caller's parent
  int life = -1;             ///< as kept; who has its other end hears of the container's end
};

/// A keeper, ready to be started. Until `expected` ranks have come it stays even if those that came
/// have left, unless the job's launcher is gone.
class Keeper : public Orphan {
 public:
  /// For the calling process as the leader. `helpers`: see announce_helper().
  static Result<std::unique_ptr<Keeper>> prepare(Door door, int helpers);

  /// The socket on which enter::LinuxProcess announces the container; if it closes before that, the
  /// keeper goes and the waiting ranks elect another leader. Once, after the start.
  UniqueFd take_socket() { return std::move(socket_); }

  /// For one that no server is started with.
  Status start_alone();

  /// In a session of its own.
  [[noreturn]] void live() noexcept override;
  void note(pid_t pid) noexcept override;

 private:
  Keeper(UniqueFd socket, KeeperLoop loop, pid_t launcher, int helpers);

  UniqueFd socket_;
  KeeperLoop loop_;
  pid_t launcher_;
  int helpers_;
};

/// Prepares and starts one by itself. Returns its socket.
Result<UniqueFd> start_keeper(Door door, int helpers);

}  // namespace berth::node
