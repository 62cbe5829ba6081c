// SPDX-License-Identifier: Apache-2.0
// Processes that somebody has written down, and whether they are still those.
#pragma once

#include "base/fd.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::state {

/// Numbers are used again; a number and the moment of its start are not, until the node is.
struct ProcessId {
  pid_t pid = 0;            ///< 0: none
  std::uint64_t start = 0;  ///< in clock ticks since the node started

  bool operator==(const ProcessId&) const = default;
};

/// The part of /proc/PID/stat that we read (proc(5)).
struct ProcessStat {
  ProcessId id;
  std::string name;
  char state = '?';
  pid_t parent = 0;
  std::uint64_t ticks = 0;  ///< of processor time
  std::uint64_t pages = 0;  ///< of memory

  /// By a signal, or by who traces it.
  [[nodiscard]] bool is_stopped() const { return state == 'T' || state == 't'; }
};

/// Pure. Nothing where the text is not such a file's.
std::optional<ProcessStat> parse_stat(std::string_view text);

/// A process, held by descriptors that never mean another one: a pidfd, and its folder in /proc.
class Process {
 public:
  /// None.
  Process() = default;

  /// Whoever has the number now; none if nobody has.
  static Process open(pid_t pid);

  /// That very process; none if it has ended.
  static Process find(const ProcessId& id);

  /// Not once it has ended, waited for or not.
  [[nodiscard]] bool lives() const;

  [[nodiscard]] ProcessId id() const { return id_; }

  /// For poll(2): readable once it has ended. -1 for none.
  [[nodiscard]] int fd() const { return pidfd_.get(); }

  [[nodiscard]] std::vector<int> descriptors() const { return {pidfd_.get(), folder_.get()}; }

  /// Whether it has ended within that time; below 0: waits for ever.
  [[nodiscard]] bool await_end(int milliseconds) const;

  /// 0 or an errno; ESRCH once it has ended.
  [[nodiscard]] int signal(int number) const;

  /// How it ended as a shell has it, if this kernel tells those who are not its parent.
  [[nodiscard]] std::optional<int> status() const;

  [[nodiscard]] std::optional<ProcessStat> stat() const;

  /// A file of its folder, say "ns/mnt"; empty when it has ended or it may not be opened.
  [[nodiscard]] UniqueFd open_file(const char* name) const;

 private:
  ProcessId id_;
  UniqueFd pidfd_;
  UniqueFd folder_;
};

/// The inode of a namespace's file; 0 for one that is not open.
std::uint64_t inode_of(const UniqueFd& space);

/// Exit codes as a shell has them: the program's own, or 128 and the number of the signal.
int shell_status(bool has_exited, int number);

}  // namespace berth::state
