// SPDX-License-Identifier: Apache-2.0
#include "launcher/mount/fusermount.h"

#include "base/pass_fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace berth::mount {

namespace {

constexpr const char* kProgram = "fusermount3";
constexpr int kSocketNumber = 3;  ///< of its end of the socket, in fusermount3

struct FileActions {
  FileActions() { (void)::posix_spawn_file_actions_init(&all); }  // cannot fail in glibc

  FileActions(FileActions&&) = delete;
  FileActions(const FileActions&) = delete;
  FileActions& operator=(FileActions&&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  ~FileActions() { (void)::posix_spawn_file_actions_destroy(&all); }

  posix_spawn_file_actions_t all{};
};

/// What fusermount3 has said and how it ended.
struct Outcome {
  bool is_good = false;
  std::string words = {};  ///< one line
};

Result<pid_t> spawn(std::vector<std::string> words,
                    int socket,
                    int output,
                    const std::string& goal) {
  // Above the numbers that they get there: our own standard streams may be closed.
  const UniqueFd high_output(::fcntl(output, F_DUPFD_CLOEXEC, kSocketNumber + 1));
  const UniqueFd high_socket(::fcntl(socket, F_DUPFD_CLOEXEC, kSocketNumber + 1));
  if (!high_output.is_open() || !high_socket.is_open()) return refused("fcntl", goal, errno);
  FileActions actions;
  if (::posix_spawn_file_actions_addopen(&actions.all, 0, "/dev/null", O_RDONLY, 0) != 0 ||
      ::posix_spawn_file_actions_adddup2(&actions.all, high_output.get(), 1) != 0 ||
      ::posix_spawn_file_actions_adddup2(&actions.all, high_output.get(), 2) != 0 ||
      ::posix_spawn_file_actions_adddup2(&actions.all, high_socket.get(), kSocketNumber) != 0 ||
      ::posix_spawn_file_actions_addclosefrom_np(&actions.all, kSocketNumber + 1) != 0)
    return refused("posix_spawn_file_actions", goal, ENOMEM);
  // Its messages are read here: in one language.
  std::vector<std::string> environment = {"LC_ALL=C",
                                          "_FUSE_COMMFD=" + std::to_string(kSocketNumber)};
  pid_t pid = 0;
  const int number = ::posix_spawnp(&pid,
                                    kProgram,
                                    &actions.all,
                                    nullptr,
                                    pointers_to(words).data(),
                                    pointers_to(environment).data());
  if (number == 0) return pid;
  Error error = refused("posix_spawnp", goal + ": start 'fusermount3'", number);
  if (number == ENOENT) error.hint = kInstallHint;
  return error;
}

/// All that it says, and then its end.
Outcome await(pid_t pid, int output) {
  constexpr std::size_t kMostBytes = 4096;
  Outcome outcome;
  std::array<char, 512> piece;
  while (true) {
    const ssize_t got = ::read(output, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (outcome.words.size() < kMostBytes)
      outcome.words.append(piece.data(), static_cast<std::size_t>(got));
  }
  outcome.words = outcome.words.substr(0, outcome.words.find('\n'));
  const std::string prefix = std::string(kProgram) + ": ";
  if (outcome.words.starts_with(prefix)) outcome.words.erase(0, prefix.size());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return outcome;
}

Result<Outcome> run(std::vector<std::string> words, UniqueFd socket, const std::string& goal) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return refused("pipe2", goal, errno);
  Pipe output{UniqueFd(ends[0]), UniqueFd(ends[1])};
  words.insert(words.begin(), kProgram);
  auto pid = spawn(std::move(words), socket.get(), output.write.get(), goal);
  if (!pid) return std::move(pid.error());
  // Ours is the only other copy of its ends: without them we see that it has ended.
  socket.reset();
  output.write.reset();
  return await(*pid, output.read.get());
}

Error failure(const std::string& goal, const Outcome& outcome) {
  const std::string words = outcome.words.empty() ? "it failed" : outcome.words;
  return Error{Blame::host, goal + ": fusermount3 says " + quote(words)};
}

}  // namespace

Result<UniqueFd> ask_for_mount(const std::string& directory, const std::string& source) {
  const std::string goal = "mount on " + quote(directory);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return refused("socketpair", goal, errno);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const std::string options =
      "ro,nosuid,nodev,noatime,default_permissions,subtype=berth,fsname=" + source;
  auto outcome = run({"-o", options, "--", directory}, std::move(theirs), goal);
  if (!outcome) return std::move(outcome.error());
  if (!outcome->is_good) return failure(goal, *outcome);
  Message message = receive_message(ours.get());
  if (message.descriptors.size() != 1) return failure(goal, *outcome);
  return std::move(message.descriptors[0]);
}

Status ask_to_unmount(const std::string& directory, InUse in_use) {
  const std::string goal = "unmount " + quote(directory);
  std::vector<std::string> words = {"-u"};
  if (in_use == InUse::detached) words.emplace_back("-z");
  words.insert(words.end(), {"--", directory});
  const auto outcome =
      run(std::move(words), UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)), goal);
  if (!outcome) return outcome.error();
  if (outcome->is_good) return Done{};
  if (outcome->words.find(::strerrordesc_np(EBUSY)) == std::string::npos)
    return failure(goal, *outcome);
  return Error{Blame::host, goal + ": it is in use", Refusal{"umount2", EBUSY}, kBusyHint};
}

}  // namespace berth::mount
