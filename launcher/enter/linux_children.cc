// SPDX-License-Identifier: Apache-2.0
// The steps after which a child of this process goes on, and this process stands by it.
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_process.h"
#include "launcher/init/stand_by.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>

namespace berth::enter {

namespace {

/// fork(2) itself: the C library's function calls what others have registered with it.
pid_t fork_with(int flags) noexcept {
  return static_cast<pid_t>(
      ::syscall(SYS_clone, static_cast<unsigned long>(flags) | SIGCHLD, 0UL, 0UL, 0UL, 0UL));
}

void leave(int number) noexcept {
  constexpr int kShells = 128;
  ::_exit(kShells + number);
}

/// The kernel keeps signals from the first process of a pid namespace that does not ask for them.
/// While it is a launch under way they end it; the program gets back what it had before
/// (execve(2)).
void obey_until_exec() noexcept {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM})
    if (::signal(number, leave) == SIG_IGN) (void)::signal(number, SIG_IGN);
}

/// A pipe on which the container's first process tells of the program.
struct Line {
  int ends[2] = {-1, -1};

  void close() const noexcept {
    ::close(ends[0]);
    ::close(ends[1]);
  }
};

}  // namespace

Answer LinuxProcess::become_first(int flags) noexcept {
  Line line;
  if (::pipe2(line.ends, O_CLOEXEC | O_NONBLOCK) != 0) return {Call::pipe2, errno};
  const init::Held held = init::hold_signals();
  // clone(2) has no room for this flag: its bits are the signal's.
  const pid_t child = fork_with(flags & ~CLONE_NEWTIME);
  if (child < 0) {
    const int number = errno;
    init::let_signals_go(held);
    line.close();
    return {Call::clone, number};
  }
  if (child > 0) {
    const std::int32_t announced = child;
    // As node::announce_helper(): who misses it only waits longer.
    if (helpers_ >= 0) (void)!::write(helpers_, &announced, sizeof announced);
    init::stand_by({.child = child, .news = line.ends[0]});
  }
  ::close(line.ends[0]);
  tell_ = line.ends[1];
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!is_read(tell_)) ::_exit(1);  // our parent died before we could ask to be told
  obey_until_exec();
  init::let_signals_go(held);
  if ((flags & CLONE_NEWTIME) == 0) return {};
  return {Call::unshare, ::unshare(CLONE_NEWTIME) == 0 ? 0 : errno};
}

Answer LinuxProcess::follow_into_pids() noexcept {
  Line line;
  if (::pipe2(line.ends, O_CLOEXEC | O_NONBLOCK) != 0) return {Call::pipe2, errno};
  const init::Held held = init::hold_signals();
  const pid_t child = fork_with(0);
  if (child < 0) {
    const int number = errno;
    init::let_signals_go(held);
    line.close();
    return {Call::clone, number};
  }
  if (child > 0) {
    // To signal one who becomes another user; refused, it still does nothing but wait.
    (void)drop_privileges(1ULL << CAP_KILL);
    init::stand_by({.child = child, .news = line.ends[0]});
  }
  ::close(line.ends[0]);
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!is_read(line.ends[1])) ::_exit(1);
  ::close(line.ends[1]);
  init::let_signals_go(held);
  return {};
}

Answer LinuxProcess::start_init(const StartInit& wanted) noexcept {
  const init::Held held = init::hold_signals();
  const pid_t init = ::getpid();
  // Whoever loses his parent in this container becomes a child of the init's. The first process of
  // a pid namespace is that by itself.
  if (tell_ < 0) (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t child = fork_with(0);
  if (child < 0) {
    const int number = errno;
    init::let_signals_go(held);
    return {Call::clone, number};
  }
  if (child > 0) {
    // The other ranks do not end with the one that came first, nor with its process group.
    if (wanted.stays) (void)::prctl(PR_SET_PDEATHSIG, 0);
    if (wanted.stays)
      (void)::setsid();  // fails only for a leader of a group, which a fresh child is not
    const TimeLimit& time = wanted.time;
    init::stand_by({.child = child,
                    .tell = tell_,
                    .stay_with = wanted.stays ? keeper_ : -1,
                    .words = time.seconds != 0 ? STDERR_FILENO : -1,
                    .time = {time.seconds, time.grace, time.stop_signal, time.notice.c_str()}});
  }
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != init) ::_exit(1);
  init::let_signals_go(held);
  return {};
}

}  // namespace berth::enter
