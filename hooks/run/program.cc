// SPDX-License-Identifier: Apache-2.0
#include "hooks/run/program.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>

namespace berth::hooks {

namespace {

using Clock = std::chrono::steady_clock;
using End = Outcome::End;

constexpr std::size_t kMostErrors = 16UL * 1024;

/// The two ends of what a child writes and we read.
struct Ends {
  UniqueFd ours;
  UniqueFd theirs;

  /// 0 or an errno.
  int open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
    return 0;
  }
};

struct Streams {
  UniqueFd input;
  Ends output;
  Ends errors;
  Ends trouble;  ///< an errno, from who could not begin
};

int open_streams(const Program& program, Streams& streams) {
  streams.input.reset(::memfd_create("berth-hook", MFD_CLOEXEC));
  if (!streams.input.is_open()) return errno;
  const std::string& text = program.input;
  if (const int number = write_fully(streams.input.get(), text.data(), text.size()); number != 0)
    return number;
  if (::lseek(streams.input.get(), 0, SEEK_SET) != 0) return errno;
  for (Ends* ends : {&streams.output, &streams.errors, &streams.trouble})
    if (const int number = ends->open(); number != 0) return number;
  return 0;
}

[[noreturn]] void fail(int trouble) {
  const int number = errno;
  (void)!::write(trouble, &number, sizeof number);  // or nobody listens any more
  ::_exit(1);
}

/// What we ignore, and have held up, is not for it to inherit.
void reset_signals() {
  for (int number = 1; number < NSIG; ++number)
    (void)::signal(number, SIG_DFL);  // two cannot be changed
  sigset_t none;
  ::sigemptyset(&none);
  (void)::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

/// Ends as `child` does.
[[noreturn]] void end_as(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) ::_exit(1);
  if (!WIFSIGNALED(status)) ::_exit(WEXITSTATUS(status));
  (void)::prctl(PR_SET_DUMPABLE, 0);  // one core is enough
  (void)::kill(::getpid(), WTERMSIG(status));
  ::_exit(128 + WTERMSIG(status));
}

void enter(const std::vector<int>& namespaces, int trouble) {
  for (const int one : namespaces)
    if (::setns(one, 0) != 0) fail(trouble);
  if (namespaces.empty()) return;
  // A pid namespace has only the children of who enters it.
  const pid_t child = ::fork();
  if (child < 0) fail(trouble);
  if (child > 0) end_as(child);
}

void drop_rights(int trouble) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct sets[2] = {};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(trouble);
  if (::syscall(SYS_capset, &header, sets) != 0) fail(trouble);
}

/// Who is not 0 there would lose with the exec what entering the user namespace has given him
/// (capabilities(7), "Ambient capability set").
void keep_rights(int trouble) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) fail(trouble);
  for (__user_cap_data_struct& set : sets)
    set.inheritable = set.permitted;
  if (::syscall(SYS_capset, &header, sets) != 0) fail(trouble);
  const std::uint64_t held = sets[0].permitted | std::uint64_t{sets[1].permitted} << 32;
  for (unsigned number = 0; number < 64; ++number)
    if ((held >> number & 1) != 0 &&
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0)
      fail(trouble);
}

[[noreturn]] void become(const Program& program, const Streams& streams) {
  const int trouble = streams.trouble.theirs.get();
  (void)::setpgid(0, 0);  // a fresh child can
  reset_signals();
  if (::dup2(streams.input.get(), 0) < 0 || ::dup2(streams.output.theirs.get(), 1) < 0 ||
      ::dup2(streams.errors.theirs.get(), 2) < 0)
    fail(trouble);
  // A script's interpreter opens it by the descriptor (execveat(2), BUGS).
  if (program.file >= 0 && ::fcntl(program.file, F_SETFD, 0) != 0) fail(trouble);
  enter(program.namespaces, trouble);
  if (::chdir("/") != 0) fail(trouble);
  if (program.has_no_rights)
    drop_rights(trouble);
  else if (!program.namespaces.empty())
    keep_rights(trouble);
  std::vector<std::string> words = program.words;
  std::vector<std::string> variables = program.variables;
  const auto arguments = pointers_to(words);
  const auto environment = pointers_to(variables);
  if (program.file >= 0)
    (void)::syscall(
        SYS_execveat, program.file, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  else
    (void)::execve(program.path.c_str(), arguments.data(), environment.data());
  fail(trouble);
}

/// One program that runs.
class Watch {
 public:
  Watch(const Program& program, Streams& streams, pid_t child)
      : program_(program),
        streams_(streams),
        child_(child),
        process_(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))),
        until_(Clock::now() + std::chrono::seconds(program.seconds)) {}

  Outcome await();

 private:
  void look();
  void read_streams();
  void take_end();

  const Program& program_;
  Streams& streams_;
  pid_t child_;
  UniqueFd process_;
  Clock::time_point until_;
  Outcome outcome_;
  bool is_over_ = false;
};

/// All that is there now; false once nothing more can come.
bool read_some(int pipe, std::string& text, std::size_t most) {
  std::array<char, 16384> piece{};
  const ssize_t got = ::read(pipe, piece.data(), piece.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  const auto room = std::min(most - std::min(most, text.size()), static_cast<std::size_t>(got));
  text.append(piece.data(), room);
  return got > 0;
}

void Watch::read_streams() {
  for (Ends* ends : {&streams_.output, &streams_.errors}) {
    pollfd source{ends->ours.get(), POLLIN, 0};
    if (!ends->ours.is_open() || ::poll(&source, 1, 0) != 1) continue;
    const bool is_output = ends == &streams_.output;
    // One byte too many tells.
    if (!read_some(ends->ours.get(),
                   is_output ? outcome_.output : outcome_.errors,
                   is_output ? program_.most_output + 1 : kMostErrors))
      ends->ours.reset();
  }
}

void Watch::look() {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now()).count();
  std::array<pollfd, 4> sources = {{{process_.get(), POLLIN, 0},
                                    {streams_.output.ours.get(), POLLIN, 0},
                                    {streams_.errors.ours.get(), POLLIN, 0},
                                    {program_.caller, 0, 0}}};
  const int ready =
      left <= 0 ? 0 : ::poll(sources.data(), sources.size(), static_cast<int>(left) + 1);
  if (ready < 0) return;
  read_streams();
  if (outcome_.output.size() > program_.most_output) {
    outcome_.end = End::too_long;
  } else if (sources[0].revents != 0) {
    outcome_.end = End::exited;
  } else if (sources[3].revents != 0) {
    outcome_.end = End::abandoned;
  } else if (ready == 0) {
    outcome_.end = End::late;
  } else {
    return;
  }
  is_over_ = true;
}

void Watch::take_end() {
  siginfo_t info{};
  // It stays to be waited for, so that its number and its group's are still its own.
  const bool has_ended = outcome_.end == End::exited;
  if (has_ended) (void)::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOWAIT);
  const bool is_good = has_ended && info.si_code == CLD_EXITED && info.si_status == 0;
  if (!is_good) (void)::kill(-child_, SIGKILL);
  // One that waits for a disk that is gone cannot even be killed.
  pollfd source{process_.get(), POLLIN, 0};
  constexpr int kToDie = 2000;
  if (::poll(&source, 1, kToDie) == 1) (void)::waitpid(child_, nullptr, 0);
  if (!has_ended) return;
  outcome_.number = info.si_status;
  if (info.si_code != CLD_EXITED) outcome_.end = End::signalled;
}

Outcome Watch::await() {
  while (!is_over_)
    look();
  take_end();
  // Up to what a pipe holds may still be there.
  for (int times = 0; times < 16 && outcome_.end == End::exited; ++times)
    read_streams();
  int number = 0;
  (void)::fcntl(streams_.trouble.ours.get(), F_SETFL, O_NONBLOCK);
  if (::read(streams_.trouble.ours.get(), &number, sizeof number) == sizeof number) {
    outcome_.end = End::refused;
    outcome_.number = number;
  }
  return std::move(outcome_);
}

std::string last_line(const std::string& text) {
  constexpr std::size_t kLongest = 300;
  const auto lines = split(text, '\n');
  const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const std::string& line) {
    return line.find_first_not_of(" \t\r") != line.npos;
  });
  return last == lines.rend() ? "" : last->substr(0, kLongest);
}

}  // namespace

Outcome run_program(const Program& program) {
  Outcome refused;
  Streams streams;
  refused.number = open_streams(program, streams);
  if (refused.number != 0) return refused;
  const pid_t child = ::fork();
  if (child == 0) become(program, streams);
  if (child < 0) {
    refused.number = errno;
    return refused;
  }
  (void)::setpgid(child, child);  // or it has done so itself
  for (Ends* ends : {&streams.output, &streams.errors, &streams.trouble})
    ends->theirs.reset();
  return Watch(program, streams, child).await();
}

std::string reason_of(const Outcome& outcome, unsigned seconds) {
  std::string reason;
  switch (outcome.end) {
    case End::exited:
      reason = "it ended with " + std::to_string(outcome.number);
      break;
    case End::signalled:
      reason = "signal " + std::to_string(outcome.number) + " ended it";
      break;
    case End::late:
      reason = "it was killed after " + std::to_string(seconds) +
               (seconds == 1 ? " second" : " seconds");
      break;
    case End::too_long:
      reason = "it writes too much";
      break;
    case End::abandoned:
      return "nobody waits for it any more";
    case End::refused: {
      const char* words = ::strerrordesc_np(outcome.number);
      return std::string("it cannot be started: ") + (words == nullptr ? "unknown" : words);
    }
  }
  std::string words = quote(last_line(outcome.errors));
  return words == "''" ? reason : reason + ": " + words.substr(1, words.size() - 2);
}

}  // namespace berth::hooks
