// SPDX-License-Identifier: Apache-2.0
#include "image/registry/helper.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace berth::registry {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::seconds kPatienceAtTheEnd{5};  ///< after its output has ended
constexpr int kMoment = 100;  ///< milliseconds between two looks at the flag
constexpr std::size_t kLargestAnswer = 64UL * 1024;

/// What stores of credentials need to be found and to ask a person.
constexpr std::array<std::string_view, 14> kKept = {"PATH",
                                                    "HOME",
                                                    "USER",
                                                    "LOGNAME",
                                                    "LANG",
                                                    "XDG_RUNTIME_DIR",
                                                    "XDG_CONFIG_HOME",
                                                    "DBUS_SESSION_BUS_ADDRESS",
                                                    "DISPLAY",
                                                    "WAYLAND_DISPLAY",
                                                    "GPG_TTY",
                                                    "GNUPGHOME",
                                                    "PASSWORD_STORE_DIR",
                                                    "SSL_CERT_FILE"};

std::vector<std::string> clean_environment() {
  std::vector<std::string> environment;
  environment.reserve(kKept.size());
  for (const std::string_view name : kKept) {
    const char* value =
        std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    if (value != nullptr) environment.push_back(std::string(name) + "=" + value);
  }
  return environment;
}

class FileActions {
 public:
  FileActions() { (void)::posix_spawn_file_actions_init(&actions_); }  // cannot fail in glibc

  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  FileActions(FileActions&&) = delete;
  FileActions& operator=(FileActions&&) = delete;

  ~FileActions() { (void)::posix_spawn_file_actions_destroy(&actions_); }

  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// The running helper; killed and reaped at the latest when this goes.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;

  ~Child() {
    if (pid_ <= 0) return;
    (void)::kill(pid_, SIGKILL);
    (void)wait();
  }

  /// The wait status, once it has ended; it is killed if it takes its time.
  int wait() {
    const auto deadline = Clock::now() + kPatienceAtTheEnd;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (Clock::now() > deadline) (void)::kill(pid_, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_;
};

/// Starts the program with `end` as its input and output.
Result<pid_t> start(const std::string& program, int end, const std::string& goal) {
  FileActions actions;
  if (::posix_spawn_file_actions_adddup2(actions.get(), end, 0) != 0 ||
      ::posix_spawn_file_actions_adddup2(actions.get(), end, 1) != 0 ||
      ::posix_spawn_file_actions_addopen(actions.get(), 2, "/dev/null", O_WRONLY, 0) != 0 ||
      ::posix_spawn_file_actions_addclosefrom_np(actions.get(), 3) != 0)
    return Error{Blame::internal, goal};
  std::vector<std::string> words = {program, "get"};
  std::vector<std::string> environment = clean_environment();
  pid_t pid = 0;
  const int number = ::posix_spawnp(&pid,
                                    program.c_str(),
                                    actions.get(),
                                    nullptr,
                                    pointers_to(words).data(),
                                    pointers_to(environment).data());
  if (number == 0) return pid;
  Error error = refused("posix_spawnp", goal, number);
  if (number == ENOENT) error.hint = "install it, or take it out of the file that names it";
  return error;
}

/// Appends what there is to read. False at the end of file.
Result<bool> read_piece(int fd, const std::string& goal, std::string& answer) {
  std::array<char, 4096> piece{};
  const ssize_t got = ::read(fd, piece.data(), piece.size());
  if (got < 0 && errno == EINTR) return true;
  // Reset: it ended without reading what it was asked.
  if (got == 0 || (got < 0 && errno == ECONNRESET)) return false;
  if (got < 0) return refused("read", goal, errno);
  answer.append(piece.data(), static_cast<std::size_t>(got));
  if (answer.size() > kLargestAnswer)
    return Error{Blame::config, goal + ": its answer is larger than 64 KiB"};
  return true;
}

/// All that comes, until the end of file, the limit or the deadline.
Result<std::string> read_answer(int fd, const std::string& goal, const std::atomic<int>* stop) {
  const auto deadline = Clock::now() + kPatience;
  std::string answer;
  while (true) {
    pollfd one{fd, POLLIN, 0};
    const int ready = ::poll(&one, 1, kMoment);
    if (ready < 0 && errno != EINTR) return refused("poll", goal, errno);
    if (stop != nullptr && stop->load() != 0) return Error{Blame::host, "go on: interrupted"};
    if (Clock::now() > deadline)
      return Error{Blame::config, goal + ": it has not answered for 60 seconds"};
    if (ready <= 0) continue;
    const auto more = read_piece(fd, goal, answer);
    if (!more) return more.error();
    if (!*more) return answer;
  }
}

}  // namespace

Result<std::optional<std::string>> ask_credential_helper(const std::string& helper,
                                                         const std::string& server,
                                                         const std::atomic<int>* stop) {
  const std::string program = "docker-credential-" + helper;
  const std::string goal = "ask " + quote(program) + " for credentials";
  std::array<int, 2> ends{};
  // A socket, not pipes: MSG_NOSIGNAL when it does not read.
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return refused("socketpair", goal, errno);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const auto pid = start(program, theirs.get(), goal);
  if (!pid) return pid.error();
  theirs.reset();
  Child child(*pid);
  (void)::send(ours.get(), server.data(), server.size(), MSG_NOSIGNAL);  // else it tells us so
  (void)::shutdown(ours.get(), SHUT_WR);
  auto answer = read_answer(ours.get(), goal, stop);
  if (!answer) return std::move(answer.error());
  const int status = child.wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::optional(std::move(*answer));
  // What all of them print for this, by docker's own library for helpers.
  if (answer->find("credentials not found") != std::string::npos)
    return std::optional<std::string>();
  return Error{Blame::config,
               goal + ": it says " + quote(answer->substr(0, answer->find('\n')).substr(0, 200))};
}

}  // namespace berth::registry
