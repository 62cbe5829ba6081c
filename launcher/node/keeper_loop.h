// SPDX-License-Identifier: Apache-2.0
// What the keeper does, without the process around it.
#pragma once

#include "base/fd.h"
#include "launcher/node/id_mapper.h"
#include "launcher/node/network.h"

#include <poll.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace berth::node {

/// The lines of /proc/PID/cgroup (cgroups(7)) without what tells ranks of one Slurm step apart.
/// Pure.
std::string step_part(const std::string& cgroups);

class KeeperLoop {
 public:
  KeeperLoop(UniqueFd listener, UniqueFd leader, UniqueFd config, unsigned expected);

  void follow_leader(UniqueFd pidfd) { members_.push_back(std::move(pidfd)); }

  void follow_launcher(UniqueFd pidfd) { launcher_ = std::move(pidfd); }

  /// A descriptor of the caller's that a keeper holds for others; may be -1.
  void keep_open(int fd) { kept_.push_back(fd); }

  /// For a leader that asks for it.
  void connect_with(Network network) { network_ = std::move(network); }

  void map_with(IdMapper mapper) { mapper_ = std::move(mapper); }

  /// Everything it needs; a keeper closes all else.
  [[nodiscard]] std::vector<int> descriptors() const;

  /// Sleeps until the leader has something to say, or is gone: before that there is nothing to do,
  /// and the processor is the leader's. Touches next to no memory.
  void await_leader() const noexcept;

  /// Until nobody needs the container any more.
  void run();

 private:
  [[nodiscard]] bool is_needed() const;
  [[nodiscard]] std::vector<pollfd> sources() const;
  void watch();
  bool hear_leader();
  bool serve_leader(char word, int process);
  void let_in();
  void admit(int connection);
  void forget_gone(const std::vector<pollfd>& polled);

  UniqueFd listener_;
  UniqueFd leader_;  ///< open until the leader has become its program or died
  UniqueFd config_;
  UniqueFd launcher_;
  std::vector<UniqueFd> namespaces_;  ///< empty until the container is finished
  std::vector<UniqueFd> members_;     ///< pidfds
  std::vector<int> kept_;
  Network network_;
  IdMapper mapper_;
  unsigned expected_;
  unsigned seen_ = 1;
  std::string step_;
};

}  // namespace berth::node
