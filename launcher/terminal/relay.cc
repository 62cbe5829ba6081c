// SPDX-License-Identifier: Apache-2.0
#include "launcher/terminal/relay.h"

#include "launcher/init/stand_by.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace berth::terminal {

namespace {

constexpr int kShells = 128;
constexpr std::size_t kPiece = 4096;
constexpr int kSoon = 20;    ///< milliseconds
constexpr char kEndKey = 4;  ///< ^D, where nobody has set another (termios(3), VEOF)

/// What the kernel does to who uses a terminal in the background has to happen to this process.
UniqueFd all_but_terminal_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGTTIN, SIGTTOU}) {
    (void)::signal(number, SIG_DFL);
    ::sigaddset(&signals, number);
  }
  (void)::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (void)::signal(SIGPIPE, SIG_IGN);
  ::sigfillset(&signals);
  for (const int number : {SIGTTIN, SIGTTOU, SIGPIPE})
    ::sigdelset(&signals, number);
  return UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// Also what lies between the two.
void close_all_but(int one, int another) {
  const auto low = static_cast<unsigned>(std::min(one, another));
  const auto high = static_cast<unsigned>(std::max(one, another));
  (void)::close_range(STDERR_FILENO + 1, low - 1, 0);  // an empty range is none
  (void)::close_range(low + 1, high - 1, 0);
  (void)::close_range(high + 1, ~0U, 0);
}

bool ends_programs(int number) {
  return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

}  // namespace

Outer::Outer() {
  termios settings{};
  if (::tcgetattr(STDIN_FILENO, &settings) == 0) before_ = settings;
}

void Outer::make_raw() const {
  if (!before_) return;
  termios raw = *before_;
  ::cfmakeraw(&raw);
  (void)::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);  // a terminal that is gone needs nothing
}

void Outer::give_back() const {
  if (before_ && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp())
    (void)::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
}

void copy_size(int inner) {
  winsize size{};
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::ioctl(stream, TIOCGWINSZ, &size) == 0) {
      (void)::ioctl(inner, TIOCSWINSZ, &size);
      return;
    }
}

Relay::Relay(UniqueFd inner, pid_t child)
    : inner_(std::move(inner)),
      signals_(all_but_terminal_signals()),
      child_(child) {
  (void)::prctl(PR_SET_NAME, "berth-terminal");
  // Whatever the caller hands the program besides the streams is not held here.
  close_all_but(inner_.get(), signals_.get());
}

void Relay::end() {
  outer_.give_back();
  if (ended_->code == CLD_EXITED) ::_exit(ended_->status);
  const rlimit no_core{};
  (void)::setrlimit(RLIMIT_CORE, &no_core);  // the program has its own
  init::take_default(ended_->status);
  ::_exit(kShells + ended_->status);
}

/// The shell sees a stopped job, and has its terminal as it was.
void Relay::stop_with_child() {
  outer_.give_back();
  (void)::raise(SIGSTOP);
  outer_.make_raw();
  (void)::kill(child_, SIGCONT);
}

void Relay::collect() {
  siginfo_t info{};
  const auto id = static_cast<id_t>(child_);
  while (!ended_ && ::waitid(P_PID, id, &info, WEXITED | WSTOPPED | WNOHANG) == 0 &&
         info.si_pid == child_) {
    if (info.si_code == CLD_STOPPED)
      stop_with_child();
    else
      ended_ = End{info.si_code, info.si_status};
    info = {};
  }
}

void Relay::take_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    const int number = static_cast<int>(signal.ssi_signo);
    if (number == SIGCHLD) {
      collect();
    } else if (number == SIGWINCH) {
      copy_size(inner_.get());
    } else {
      is_hurried_ = is_hurried_ || ends_programs(number);
      if (ended_) continue;
      // Who has stopped us may have set the terminal otherwise.
      if (number == SIGCONT) outer_.make_raw();
      (void)::kill(child_, number);
    }
  }
}

void Relay::read_keys() {
  std::array<char, kPiece> piece{};
  const ssize_t size = ::read(STDIN_FILENO, piece.data(), piece.size());
  if (size > 0) {
    keys_.append(piece.data(), static_cast<std::size_t>(size));
    ends_in_line_ = keys_.back() == '\n';
  } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
    has_keys_ = false;
    // In a line, the first ends only that.
    if (!outer_.before()) keys_.append(ends_in_line_ ? 1 : 2, kEndKey);
  }
}

void Relay::write_keys() {
  const ssize_t size = ::write(inner_.get(), keys_.data(), keys_.size());
  if (size > 0) keys_.erase(0, static_cast<std::size_t>(size));
}

/// Takes what the program says. When there is no more of it after its end, all is over.
void Relay::listen() {
  std::array<char, kPiece> piece{};
  const ssize_t size = ::read(inner_.get(), piece.data(), piece.size());
  if (size > 0)
    said_.assign(piece.data(), is_showing_ ? static_cast<std::size_t>(size) : 0);
  else if (ended_ && (size == 0 || errno != EINTR))
    end();
}

/// A piece at a time, once there is room for it: who waits in a write hears no signal.
void Relay::show() {
  const ssize_t size = ::write(STDOUT_FILENO, said_.data(), said_.size());
  if (size > 0) {
    said_.erase(0, static_cast<std::size_t>(size));
  } else if (errno != EAGAIN && errno != EINTR) {
    said_.clear();
    is_showing_ = false;
    (void)::kill(child_, SIGHUP);  // as where a terminal has gone
  }
}

/// Shows what was said when there is room for it; in a hurry, only then.
void Relay::show_if(bool has_room) {
  if (has_room)
    show();
  else if (ended_ && is_hurried_)
    end();
}

void Relay::go_on() {
  const bool can_listen = said_.empty();
  const bool is_inner_asked = can_listen || !keys_.empty();
  const int events = (can_listen ? POLLIN : 0) | (keys_.empty() ? 0 : POLLOUT);
  pollfd sources[] = {{signals_.get(), POLLIN, 0},
                      {is_inner_asked ? inner_.get() : -1, static_cast<short>(events), 0},
                      {has_keys_ && keys_.empty() ? STDIN_FILENO : -1, POLLIN, 0},
                      {can_listen ? -1 : STDOUT_FILENO, POLLOUT, 0}};
  const bool can_wait = !ended_ || !(can_listen || is_hurried_);
  if (::poll(sources, sizeof sources / sizeof sources[0], can_wait ? -1 : 0) < 0) return;
  if (sources[0].revents != 0) take_signals();
  if (!can_listen) show_if(sources[3].revents != 0);
  if ((sources[1].revents & POLLOUT) != 0) write_keys();
  if (sources[2].revents != 0) read_keys();
  const bool has_said = (sources[1].revents & POLLIN) != 0;
  if (can_listen && (has_said || ended_)) return listen();
  // Nobody has the terminal open, between two programs or before the end.
  if (sources[1].revents == POLLHUP) (void)::poll(sources, 1, kSoon);
}

void Relay::run() {
  copy_size(inner_.get());
  outer_.make_raw();
  while (true)
    go_on();
}

}  // namespace berth::terminal
