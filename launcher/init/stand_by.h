// SPDX-License-Identifier: Apache-2.0
// Standing by a child until it ends, and ending as it did: what a container's init does, and what
// waits on the node for the first process of a pid namespace. Every signal is forwarded, whoever
// lost his parent is reaped. Async-signal-safe: system calls only.
#pragma once

#include "launcher/init/time_limit.h"

#include <signal.h>
#include <sys/types.h>

namespace berth::init {

/// What hold_signals() has changed.
struct Held {
  sigset_t mask;
  bool ignores_children = false;  ///< SIGCHLD was ignored, and nobody could be waited for
};

/// Does to this process what the signal does by default. Returns if it goes on afterwards, with the
/// signal blocked.
void take_default(int number) noexcept;

/// Before the fork, so that no signal comes between it and stand_by().
Held hold_signals() noexcept;

/// For the child, which becomes the program: everything as it was.
void let_signals_go(const Held& held) noexcept;

struct Charge {
  pid_t child = -1;
  int news = -1;  ///< where the first process of the child's pid namespace tells of the program
  int tell = -1;  ///< the other end of such a pipe; the program is killed if nobody reads it
  int stay_with = -1;  ///< a socket; stays until it hangs up, also if the child ended before
  int words = -1;      ///< where `time` gives its notice; may be a stream
  TimeAllowed time = {};
  /// Told how the child ended (as siginfo_t has it), before this process ends in the same way. Only
  /// for a process that may do as it likes: not for one that a plan's steps have forked.
  void (*at_end)(void* with, int words, int code, int status) noexcept = nullptr;
  void* with = nullptr;
  /// Only SIGSTOP can stop this process, whatever has stopped the child, which leads a group: a
  /// terminal stops all of that.
  bool leads_session = false;
};

/// Called with all signals held. Closes everything but what `charge` has, also the streams: who
/// reads the program's output must not wait for us. Stops when the child is stopped, goes on when
/// it is told to, exits with the child's code, and dies of the signal that the child died of. Where
/// the child had its time, exits with 124, or 137 if it took SIGKILL to end it, as timeout(1) does,
/// and not before all descendants are gone whose parent this process has become.
[[noreturn]] void stand_by(const Charge& charge) noexcept;

}  // namespace berth::init
