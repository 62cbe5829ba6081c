// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/process.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>

namespace berth::state {

namespace {

/// struct pidfd_info of Linux 6.13; 6.15 tells of one that has ended. Newer than our headers.
struct PidfdInfo {
  std::uint64_t mask = 0;
  std::uint64_t cgroup = 0;
  std::uint32_t numbers[11] = {};
  std::int32_t exit_code = 0;
};

constexpr std::uint64_t kTellsExit = 1U << 3U;
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);

template <class Number>
bool take_number(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  return trouble == std::errc{} && rest == end;
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
  // The name stands in parentheses and may have blanks and parentheses of its own.
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::nullopt;
  if (open == 0 || close + 2 > text.size()) return std::nullopt;
  ProcessStat stat;
  stat.name = text.substr(open + 1, close - open - 1);
  const std::vector<std::string> fields = split(text.substr(close + 2), ' ');
  constexpr std::size_t kState = 0;
  constexpr std::size_t kParent = 1;
  constexpr std::size_t kUser = 11;
  constexpr std::size_t kSystem = 12;
  constexpr std::size_t kStart = 19;
  constexpr std::size_t kPages = 21;
  if (fields.size() <= kPages || fields[kState].size() != 1) return std::nullopt;
  std::uint64_t system = 0;
  stat.state = fields[kState][0];
  if (!take_number(std::string(text.substr(0, open - 1)), stat.id.pid) ||
      !take_number(fields[kParent], stat.parent) || !take_number(fields[kUser], stat.ticks) ||
      !take_number(fields[kSystem], system) || !take_number(fields[kStart], stat.id.start) ||
      !take_number(fields[kPages], stat.pages))
    return std::nullopt;
  stat.ticks += system;
  return stat;
}

Process Process::open(pid_t pid) {
  if (pid <= 0) return {};
  Process process;
  process.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.pidfd_.is_open()) return {};
  const std::string folder = "/proc/" + std::to_string(pid);
  process.folder_.reset(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto stat = process.stat();
  // Asked last: as it still lives, the folder was its own.
  if (!stat || !process.lives()) return {};
  process.id_ = stat->id;
  return process;
}

Process Process::find(const ProcessId& id) {
  Process process = open(id.pid);
  return process.id_ == id ? std::move(process) : Process();
}

bool Process::lives() const {
  return pidfd_.is_open() && !await_end(0);
}

bool Process::await_end(int milliseconds) const {
  using Clock = std::chrono::steady_clock;
  if (!pidfd_.is_open()) return true;
  const auto due = Clock::now() + std::chrono::milliseconds(milliseconds);
  while (true) {
    pollfd end{pidfd_.get(), POLLIN, 0};
    const int got = ::poll(&end, 1, milliseconds);
    if (got >= 0 || errno != EINTR) return got != 0;
    if (milliseconds < 0) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now());
    milliseconds = left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }
}

int Process::signal(int number) const {
  if (!pidfd_.is_open()) return ESRCH;
  return ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) == 0 ? 0 : errno;
}

std::optional<int> Process::status() const {
  PidfdInfo info;
  info.mask = kTellsExit;
  if (!pidfd_.is_open() || ::ioctl(pidfd_.get(), kGetInfo, &info) != 0) return std::nullopt;
  if ((info.mask & kTellsExit) == 0) return std::nullopt;
  const int code = info.exit_code;
  return shell_status(WIFEXITED(code), WIFEXITED(code) ? WEXITSTATUS(code) : WTERMSIG(code));
}

std::optional<ProcessStat> Process::stat() const {
  constexpr std::size_t kMost = 4096;
  if (!folder_.is_open()) return std::nullopt;
  const auto text = read_text_file("stat", kMost, folder_.get());
  return text ? parse_stat(*text) : std::nullopt;
}

UniqueFd Process::open_file(const char* name) const {
  if (!folder_.is_open()) return {};
  return UniqueFd(::openat(folder_.get(), name, O_RDONLY | O_CLOEXEC));
}

std::uint64_t inode_of(const UniqueFd& space) {
  struct stat info {};

  if (!space.is_open() || ::fstat(space.get(), &info) != 0) return 0;
  return info.st_ino;
}

int shell_status(bool has_exited, int number) {
  constexpr int kShells = 128;
  return has_exited ? number : kShells + number;
}

}  // namespace berth::state
