// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/pin_program.h"

#include "base/text.h"
#include "launcher/cli/programs.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::cli {

namespace {

constexpr const char* kName = "berth-pin";
constexpr std::size_t kMostText = 16U << 20U;

/// It gets no variables, the one file, the one pipe, and nowhere to complain. 0 or an errno.
int spawn(pid_t& child, const std::string& place, int input, int output, bool from_file) {
  std::vector<std::string> words = {kName};
  if (from_file) words.emplace_back("--topology");
  std::vector<std::string> none;
  posix_spawn_file_actions_t actions;
  int number = ::posix_spawn_file_actions_init(&actions);
  if (number != 0) return number;
  number = ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  if (number == 0) number = ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (number == 0)
    number = ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (number == 0)
    number = ::posix_spawn(&child,
                           place.c_str(),
                           &actions,
                           nullptr,
                           pointers_to(words).data(),
                           pointers_to(none).data());
  (void)::posix_spawn_file_actions_destroy(&actions);  // cannot fail
  return number;
}

/// Everything up to the end. 0 or an errno.
int read_all(int pipe, std::string& text) {
  std::array<char, 65536> piece;
  while (text.size() <= kMostText) {
    const ssize_t count = ::read(pipe, piece.data(), piece.size());
    if (count == 0) return 0;
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return EFBIG;
}

}  // namespace

PinProgram::~PinProgram() {
  if (child_ <= 0) return;
  (void)::kill(child_, SIGKILL);  // ours, and not waited for yet
  (void)wait();
}

/// What it ended with. Where nobody waits for children the kernel has none left to wait for.
int PinProgram::wait() noexcept {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  return status;
}

Status PinProgram::start(const std::string& topology) {
  topology_ = topology;
  const char* source = topology.empty() ? "/dev/null" : topology.c_str();
  // Whether it is a regular file is asked by who reads it.
  const UniqueFd input(::open(source, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!input.is_open()) return refused("open", "read the topology " + quote(source), errno);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_start(kName, "pipe2", errno);
  heard_.reset(ends[0]);
  const UniqueFd output(ends[1]);
  int number = ENOENT;
  for (const std::string& place : places_of(kName, ""))
    if (number == ENOENT)
      number = spawn(child_, place, input.get(), output.get(), !topology.empty());
  if (number == 0) return Done{};
  heard_.reset();
  return cannot_start(kName, "posix_spawn", number);
}

Error PinProgram::cannot_say(const std::string& said) const {
  if (!topology_.empty())
    return Error{Blame::usage,
                 "use " + quote(topology_) + " as a topology",
                 {},
                 "make one where the machine is: lstopo --of xml node.xml"};
  const std::string line = quote(split(said, '\n')[0]);
  return Error{Blame::host,
               "find the CPUs of this node: " +
                   (line.size() > 2 ? line.substr(1, line.size() - 2) : "berth-pin says nothing"),
               {},
               "leave out --pin and --mem-bind=local"};
}

Result<std::string> PinProgram::read() {
  std::string text;
  const int number = read_all(heard_.get(), text);
  heard_.reset();
  const int status = wait();
  if (number != 0) return refused("read", "find the CPUs of a node", number);
  if (status != 0 || !text.ends_with("\nend\n")) return cannot_say(text);
  return text;
}

}  // namespace berth::cli
