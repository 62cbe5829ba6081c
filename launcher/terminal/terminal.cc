// SPDX-License-Identifier: Apache-2.0
#include "launcher/terminal/terminal.h"

#include "base/fd.h"
#include "launcher/init/stand_by.h"
#include "launcher/terminal/relay.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace berth::terminal {

namespace {

constexpr int kFlags = O_RDWR | O_NOCTTY | O_CLOEXEC;

Error refused_by(const char* call) {
  return {Blame::host, "give the program a terminal", Refusal{call, errno}, {}};
}

/// Set as the caller's, where he has one.
void set_up(int program_end) {
  if (const Outer outer; outer.before()) (void)::tcsetattr(program_end, TCSANOW, &*outer.before());
  copy_size(program_end);
}

Status take_as_streams(const UniqueFd& program_end) {
  if (::setsid() < 0) return refused_by("setsid");
  if (::ioctl(program_end.get(), TIOCSCTTY, 0) != 0) return refused_by("ioctl");
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::dup2(program_end.get(), stream) < 0) return refused_by("dup2");
  return Done{};
}

/// Dies when the parent does, also if that has happened already.
void follow(pid_t parent) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
}

/// The launch is a job in the foreground, which ^Z stops: the kernel spares the group of a
/// session's leader, for whom nobody waits (setpgid(2), "orphaned"). Returns in the job.
Status become_job() {
  const pid_t leader = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return refused_by("fork");
  if (child > 0) init::stand_by({.child = child, .leads_session = true});
  follow(leader);
  if (::setpgid(0, 0) != 0) return refused_by("setpgid");
  if (::tcsetpgrp(STDIN_FILENO, ::getpid()) != 0) return refused_by("tcsetpgrp");
  return Done{};
}

/// Nothing that the caller has closed takes the place of a stream.
UniqueFd above_streams(int fd) {
  const UniqueFd low(fd);
  return UniqueFd(low.is_open() ? ::fcntl(low.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1);
}

}  // namespace

Status take_own() {
  UniqueFd our_end = above_streams(::open("/dev/ptmx", kFlags | O_NONBLOCK));
  if (!our_end.is_open()) return refused_by("open");
  const int unlocked = 0;
  if (::ioctl(our_end.get(), TIOCSPTLCK, &unlocked) != 0) return refused_by("ioctl");
  // Without a path: whatever lies at /dev/pts (ioctl_tty(2)).
  UniqueFd program_end = above_streams(::ioctl(our_end.get(), TIOCGPTPEER, kFlags));
  if (!program_end.is_open()) return refused_by("ioctl");
  set_up(program_end.get());
  const init::Held held = init::hold_signals();
  const pid_t relay = ::getpid();
  const pid_t child = ::fork();
  if (child > 0) {
    program_end.reset();
    Relay(std::move(our_end), child).run();
  }
  Status done = child < 0 ? Status(refused_by("fork")) : Status(Done{});
  our_end.reset();
  if (child == 0) follow(relay);
  if (done) done = take_as_streams(program_end);
  if (done) done = become_job();
  init::let_signals_go(held);
  return done;
}

}  // namespace berth::terminal
