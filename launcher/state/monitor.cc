// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/monitor.h"

#include "base/hear.h"
#include "launcher/state/look.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace berth::state {

namespace {

constexpr int kBeforeTheProgram = 125;

/// One byte that a launch sends.
struct Word {
  char letter = 0;  ///< 0: nothing more comes
  unsigned char code = 0;
  pid_t sender = 0;
};

Word next_word(int line) {
  std::array<char, 2> bytes{};
  const Heard heard = hear(line, bytes);
  return {bytes[0], static_cast<unsigned char>(bytes[1]), heard.sender};
}

constexpr char kFailed = 'f';

}  // namespace

Result<Line> make_line() {
  const std::string goal = "stand by a container";
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return refused("socketpair", goal, errno);
  Line line{UniqueFd(ends[0]), UniqueFd(ends[1])};
  const int on = 1;
  if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    return refused("setsockopt", goal, errno);
  return line;
}

void tell_failure(int launchs, int exit_code) noexcept {
  const std::array<char, 2> bytes = {kFailed, static_cast<char>(exit_code)};
  (void)::send(launchs, bytes.data(), bytes.size(), MSG_NOSIGNAL);  // or nobody is left to be told
}

Monitor::Monitor(const Directory& directory, const Record& record, UniqueFd line, pid_t launcher)
    : directory_(directory),
      name_(record.name),
      key_(record.key),
      line_(std::move(line)),
      child_(launcher),
      launcher_(Process::open(launcher)) {}

std::vector<int> Monitor::descriptors() const {
  std::vector<int> all = {line_.get(), directory_.fd()};
  for (const Process* process : {&launcher_, &program_})
    for (const int fd : process->descriptors())
      all.push_back(fd);
  return all;
}

std::optional<int> Monitor::await_program() {
  std::optional<int> failure;
  for (Word word = next_word(line_.get()); word.letter != 0; word = next_word(line_.get())) {
    if (word.letter == kFailed) failure = word.code;
    if (word.letter != kProgramWord) continue;
    announced_ = word.sender;
    program_ = Process::open(word.sender);
  }
  line_.reset();
  if (!failure && announced_ == 0) failure = kBeforeTheProgram;
  if (failure)
    directory_.remove(name_, key_);
  else
    note_program();
  return failure;
}

void Monitor::note_program() {
  auto record = directory_.read(name_);
  if (!record || record->key != key_) return;  // somebody has removed it
  record->monitor = Process::open(::getpid()).id();
  record->launcher = launcher_.id();
  record->program = program_.id();
  if (record->program.pid == 0) record->program.pid = announced_;  // it was quick
  for (const std::string& file : namespace_files(record->entry.namespaces)) {
    const std::uint64_t inode = inode_of(program_.open_file(("ns/" + file).c_str()));
    if (inode != 0) record->inodes[file] = inode;
  }
  (void)directory_.replace(*record);  // where it cannot be written others cannot find it
}

/// Where the launch and who stands by its group were killed: in a group of version 1 that stands
/// still nobody dies with them.
void Monitor::thaw() {
  const cgroup::Freezer freezer = find_freezer(program_, launcher_.id());
  if (freezer.is_frozen()) (void)freezer.thaw();  // or it is not ours
}

void Monitor::await_child() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED) != 0)
    if (errno != EINTR) break;
  thaw();
  auto record = directory_.read(name_);
  if (!record || record->key != key_) return;
  record->ended = {shell_status(info.si_code == CLD_EXITED, info.si_status), std::time(nullptr)};
  (void)directory_.replace(*record);
}

void Monitor::await_other() {
  (void)launcher_.await_end(-1);
  thaw();
  directory_.remove(name_, key_);
}

}  // namespace berth::state
