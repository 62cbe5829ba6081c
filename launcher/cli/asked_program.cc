// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/asked_program.h"

#include "base/text.h"
#include "launcher/cli/programs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::cli {

namespace {

using Texts = std::vector<std::string>;

/// 0 or an errno. `descriptors`: those that it has from 0 on, none of them one of these numbers
/// but its own; -1: /dev/null.
int add_actions(posix_spawn_file_actions_t& actions, const std::vector<int>& descriptors) {
  int number = 0;
  for (std::size_t i = 0; i < descriptors.size() && number == 0; ++i) {
    const int to = static_cast<int>(i);
    number = descriptors[i] < 0
                 ? ::posix_spawn_file_actions_addopen(&actions, to, "/dev/null", O_WRONLY, 0)
                 : ::posix_spawn_file_actions_adddup2(&actions, descriptors[i], to);
  }
  return number;
}

/// Out of the way of the numbers that are given out.
std::vector<UniqueFd> moved_up(const std::vector<int>& descriptors) {
  constexpr int kAbove = 16;
  std::vector<UniqueFd> moved;
  moved.reserve(descriptors.size());
  for (const int fd : descriptors)
    moved.emplace_back(fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, kAbove));
  return moved;
}

/// Starts the first of `places` that is there. 0 or an errno.
int spawn(pid_t& child,
          const Texts& places,
          Texts& words,
          Texts& environment,
          const posix_spawn_file_actions_t& actions) {
  int number = ENOENT;
  for (const std::string& place : places)
    if (number == ENOENT)
      number = ::posix_spawn(&child,
                             place.c_str(),
                             &actions,
                             nullptr,
                             pointers_to(words).data(),
                             pointers_to(environment).data());
  return number;
}

/// Everything up to the end. 0 or an errno; ETIMEDOUT where nothing more comes.
int read_all(int pipe, std::string& text, std::size_t limit) {
  std::array<char, 65536> piece;
  while (text.size() <= limit) {
    pollfd source{pipe, POLLIN, 0};
    const int ready = ::poll(&source, 1, AskedProgram::kPatience * 1000);
    if (ready == 0) return ETIMEDOUT;
    if (ready < 0 && errno != EINTR) return errno;
    if (ready < 0) continue;
    const ssize_t count = ::read(pipe, piece.data(), piece.size());
    if (count == 0) return 0;
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return EFBIG;
}

}  // namespace

AskedProgram::~AskedProgram() {
  if (child_ <= 0) return;
  (void)::kill(child_, SIGKILL);  // ours, and not waited for yet
  (void)wait();
}

/// What it ended with. Where nobody waits for children the kernel has none left to wait for.
int AskedProgram::wait() noexcept {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  return status;
}

/// One that waits for a file system that does not answer cannot even be killed, and nobody is to
/// wait for it then.
void AskedProgram::kill_late() noexcept {
  (void)::kill(child_, SIGKILL);
  for (int tries = 0; tries < 20; ++tries) {
    if (::waitpid(child_, nullptr, WNOHANG) != 0) break;
    ::usleep(5000);
  }
  child_ = -1;
}

Status AskedProgram::start(const std::string& name,
                           const std::string& built,
                           std::vector<std::string> words,
                           std::vector<std::string> environment,
                           const Files& files) {
  name_ = name;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_start(name, "pipe2", errno);
  heard_.reset(ends[0]);
  const UniqueFd output(ends[1]);
  words.insert(words.begin(), name);
  std::vector<int> wanted = {files.input, output.get(), files.errors};
  wanted.insert(wanted.end(), files.more.begin(), files.more.end());
  const std::vector<UniqueFd> moved = moved_up(wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i)
    wanted[i] = moved[i].get();
  posix_spawn_file_actions_t actions;
  int number = ::posix_spawn_file_actions_init(&actions);
  if (number == 0) {
    number = add_actions(actions, wanted);
    if (number == 0) number = spawn(child_, places_of(name, built), words, environment, actions);
    (void)::posix_spawn_file_actions_destroy(&actions);  // cannot fail
  }
  if (number == 0) return Done{};
  heard_.reset();
  return cannot_start(name, "posix_spawn", number);
}

Result<AskedProgram::Answer> AskedProgram::read(std::size_t limit) {
  Answer answer;
  const int number = read_all(heard_.get(), answer.text, limit);
  heard_.reset();
  if (number == ETIMEDOUT) {
    kill_late();
    answer.end = Answer::End::late;
    return answer;
  }
  answer.end = wait() == 0 ? Answer::End::good : Answer::End::bad;
  if (number != 0) return refused("read", "hear what " + quote(name_) + " says", number);
  return answer;
}

}  // namespace berth::cli
