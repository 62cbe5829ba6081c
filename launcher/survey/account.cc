// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "launcher/survey/survey.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace berth::survey {

namespace {

using Fields = std::vector<std::string>;

/// The line of passwd(5) or group(5) whose third field is `id`; empty when there is none.
Fields line_with_id(const std::string& text, const std::string& id) {
  for (const std::string& line : split(text, '\n')) {
    Fields fields = split(line, ':');
    if (fields.size() > 3 && fields[2] == id) return fields;
  }
  return {};
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 1024> piece;
  while (text.size() < 65536) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// What getent(1) prints, empty when it is missing or knows nothing.
std::string ask_getent(const char* database, std::string id) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return {};
  std::string program = "getent";
  std::string which = database;
  char* const words[] = {program.data(), which.data(), id.data(), nullptr};
  char* const nothing[] = {nullptr};
  pid_t child = -1;
  const bool started =
      ::posix_spawn_file_actions_adddup2(&actions, pipe.write.get(), 1) == 0 &&
      ::posix_spawn(&child, "/usr/bin/getent", &actions, nullptr, words, nothing) == 0;
  (void)::posix_spawn_file_actions_destroy(&actions);  // frees memory, cannot fail
  if (!started) return {};
  pipe.write.reset();
  std::string text = read_to_end(pipe.read.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return text;
}

Fields find_line(const char* database, const char* file, unsigned id) {
  const std::string number = std::to_string(id);
  const auto text = read_text_file(file, 16 << 20);
  Fields fields = text ? line_with_id(*text, number) : Fields{};
  return fields.empty() ? line_with_id(ask_getent(database, number), number) : fields;
}

}  // namespace

Account find_user(unsigned uid) {
  const Fields fields = find_line("passwd", "/etc/passwd", uid);
  if (fields.size() < 6) return {std::to_string(uid), {}};
  return {fields[0], fields[5]};
}

std::string find_group(unsigned gid) {
  const Fields fields = find_line("group", "/etc/group", gid);
  return fields.empty() ? std::to_string(gid) : fields[0];
}

}  // namespace berth::survey
