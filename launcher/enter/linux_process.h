// SPDX-License-Identifier: Apache-2.0
// The process itself, for real. Async-signal-safe: system calls only.
#pragma once

#include "launcher/enter/kernel.h"

#include <span>

namespace berth::enter {

/// The byte that carries the descriptors of a container's namespaces to the keeper.
constexpr char kDoorsWord = 'd';

/// The byte with which a leader asks its keeper to connect its network, and hears that it is done.
/// A descriptor of /proc/PID comes along: the keeper is in the node's pid namespace, where a number
/// of ours means nothing.
constexpr char kNetworkWord = 'n';

/// The same for the maps of its user namespace.
constexpr char kIdsWord = 'i';

/// The namespaces of a container that a joiner was handed, in the order in which the leader's
/// share_container() sent them. They stay the caller's.
using Doors = std::span<const int>;

/// The byte that says that hooks have run well. The word before it is a RunHooks::Time.
constexpr char kHooksWell = 'w';

class LinuxProcess : public Process {
 public:
  /// `keeper`: the socket on which a leader announces its container, or -1. `helpers`: where to
  /// write the number of a pid namespace's first process, if that may stay after this one; or -1.
  /// `monitor`: the socket of who stands by a named container, or -1.
  /// `groups`: cgroup.procs of the control group that was made for the program.
  /// `dies_with_parent`: after drop_privileges(), for what takes rights away takes that away too.
  LinuxProcess(int keeper,
               Doors doors,
               int helpers = -1,
               int monitor = -1,
               bool dies_with_parent = false,
               Doors groups = {}) noexcept
      : keeper_(keeper),
        doors_(doors),
        helpers_(helpers),
        monitor_(monitor),
        groups_(groups),
        dies_with_parent_(dies_with_parent) {}

  /// The socket of who runs hooks, for run_hooks().
  void use_hooks(int line) noexcept { hooks_ = line; }

  Answer enter_namespaces(int flags) noexcept override;
  Answer map_ids() noexcept override;
  Answer set_host_name(const char* name) noexcept override;
  Answer raise_loopback() noexcept override;
  Answer connect_network() noexcept override;
  Answer shift_clocks(const char* offsets) noexcept override;
  Answer share_container(int flags) noexcept override;
  Answer join_container(int flags) noexcept override;
  Answer enter_directory(const EnterDirectory& wanted) noexcept override;
  Answer become_user(const Ids& ids) noexcept override;
  Answer drop_privileges(Capabilities kept) noexcept override;
  Answer close_others(const int* keep, unsigned count) noexcept override;
  Answer start_init(const StartInit& wanted) noexcept override;
  Answer announce_program() noexcept override;
  Answer enter_group() noexcept override;
  Answer run_hooks(RunHooks::Time time) noexcept override;
  Answer pin_to_cpus(const Numbers& cpus) noexcept override;
  Answer bind_memory(const BindMemory& wanted) noexcept override;
  Answer set_limit(const Limit& limit) noexcept override;
  Answer set_umask(unsigned mask) noexcept override;
  Answer filter_calls(const sock_filter* filter, unsigned short count) noexcept override;
  Answer execute(const char* const* candidates,
                 char* const* arguments,
                 char* const* environment) noexcept override;

 private:
  Answer become_first(int flags) noexcept;
  Answer follow_into_pids() noexcept;
  Answer ask_keeper(char word, int otherwise) noexcept;

  int keeper_;
  Doors doors_;
  int helpers_;
  int monitor_;
  Doors groups_;
  bool dies_with_parent_;
  int hooks_ = -1;
  int tell_ = -1;  ///< in a pid namespace of our own: who waits outside hears from us here
};

}  // namespace berth::enter
