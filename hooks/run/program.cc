// SPDX-License-Identifier: Apache-2.0
#include "hooks/run/program.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "hooks/run/become.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
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
  Ends life;     ///< open in this process, for as long as it is there
};

int open_streams(const Program& program, Streams& streams) {
  streams.input.reset(::memfd_create("berth-hook", MFD_CLOEXEC));
  if (!streams.input.is_open()) return errno;
  const std::string& text = program.input;
  if (const int number = write_fully(streams.input.get(), text.data(), text.size()); number != 0)
    return number;
  if (::lseek(streams.input.get(), 0, SEEK_SET) != 0) return errno;
  for (Ends* ends : {&streams.output, &streams.errors, &streams.trouble, &streams.life})
    if (const int number = ends->open(); number != 0) return number;
  return 0;
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
  void end_group() const;

  [[nodiscard]] bool is_too_long() const { return outcome_.output.size() > program_.most_output; }

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
    const std::size_t most_output = program_.most_output + (program_.is_cut ? 0 : 1);
    if (!read_some(ends->ours.get(),
                   is_output ? outcome_.output : outcome_.errors,
                   is_output ? most_output : kMostErrors))
      ends->ours.reset();
  }
}

void Watch::look() {
  constexpr std::chrono::milliseconds kAtOnce = std::chrono::hours(1);  // poll(2) takes an int
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
  const bool is_late = left.count() <= 0;
  std::array<pollfd, 5> sources = {{{process_.get(), POLLIN, 0},
                                    {streams_.output.ours.get(), POLLIN, 0},
                                    {streams_.errors.ours.get(), POLLIN, 0},
                                    {program_.caller, 0, 0},
                                    {program_.stop, POLLIN, 0}}};
  const int wait = is_late ? 0 : static_cast<int>(std::min(left, kAtOnce).count()) + 1;
  if (::poll(sources.data(), sources.size(), wait) < 0) return;
  read_streams();
  if (is_too_long()) {
    outcome_.end = End::too_long;
  } else if (sources[0].revents != 0) {
    outcome_.end = End::exited;
  } else if (sources[3].revents != 0 || sources[4].revents != 0) {
    outcome_.end = End::abandoned;
  } else if (is_late) {
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
  if (is_good)
    (void)::waitpid(child_, nullptr, 0);
  else
    end_group();
  if (!has_ended) return;
  outcome_.number = info.si_status;
  if (info.si_code != CLD_EXITED) outcome_.end = End::signalled;
}

/// With those of it that have become our children, if orphans do.
void Watch::end_group() const {
  (void)::kill(-child_, SIGKILL);
  // One that waits for a disk that is gone cannot even be killed.
  for (int tries = 0; tries < 1000; ++tries) {
    const pid_t ended = ::waitpid(-child_, nullptr, WNOHANG);
    if (ended < 0) return;
    if (ended == 0) ::usleep(2000);
  }
}

Outcome Watch::await() {
  while (!is_over_)
    look();
  take_end();
  // Up to what a pipe holds may still be there.
  for (int times = 0; times < 16 && outcome_.end == End::exited; ++times)
    read_streams();
  if (outcome_.end == End::exited && is_too_long()) outcome_.end = End::too_long;
  int number = 0;
  (void)::fcntl(streams_.trouble.ours.get(), F_SETFL, O_NONBLOCK);
  if (::read(streams_.trouble.ours.get(), &number, sizeof number) == sizeof number) {
    outcome_.end = End::refused;
    outcome_.number = number;
  }
  return std::move(outcome_);
}

}  // namespace

Outcome run_program(const Program& program) {
  Outcome refused;
  Streams streams;
  refused.number = open_streams(program, streams);
  if (refused.number != 0) return refused;
  const pid_t child = ::fork();
  if (child == 0) {
    streams.life.theirs.reset();
    become(program,
           {streams.input.get(),
            streams.output.theirs.get(),
            streams.errors.theirs.get(),
            streams.trouble.theirs.get(),
            streams.life.ours.get()});
  }
  if (child < 0) {
    refused.number = errno;
    return refused;
  }
  (void)::setpgid(child, child);  // or it has done so itself
  for (Ends* ends : {&streams.output, &streams.errors, &streams.trouble})
    ends->theirs.reset();
  return Watch(program, streams, child).await();
}

std::string last_line(const std::string& text) {
  constexpr std::size_t kLongest = 300;
  const auto lines = split(text, '\n');
  const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const std::string& line) {
    return line.find_first_not_of(" \t\r") != line.npos;
  });
  return last == lines.rend() ? "" : last->substr(0, kLongest);
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
