// SPDX-License-Identifier: Apache-2.0
#include "tests/component/launcher_child.h"

#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

namespace berth::tests {

namespace {

constexpr uid_t kNobody = 65534;

/// Groups before gid before uid. The kernel then distrusts the process until its next exec, and
/// would not let it write its own maps (proc(5), PR_SET_DUMPABLE).
bool become_ordinary() {
  if (::getuid() != 0) return true;
  return ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
         ::setresuid(kNobody, kNobody, kNobody) == 0 && ::prctl(PR_SET_DUMPABLE, 1) == 0;
}

gid_t ordinary_gid() {
  return ::getuid() == 0 ? kNobody : ::getgid();
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> piece;
  ssize_t got = 0;
  while ((got = ::read(fd, piece.data(), piece.size())) > 0)
    text.append(piece.data(), static_cast<std::size_t>(got));
  return text;
}

std::string ending_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

/// Forks; the child runs `body` with the writing end and does not return.
std::pair<std::string, std::string> run_child(const std::function<void(int)>& body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {"", "pipe2"};
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  const pid_t child = ::fork();
  if (child < 0) return {"", "fork"};
  if (child == 0) {
    if (become_ordinary()) body(pipe.write.get());
    ::_exit(99);
  }
  pipe.write.reset();
  std::string text = read_to_end(pipe.read.get());
  return {text, ending_of(child)};
}

}  // namespace

uid_t ordinary_uid() {
  return ::getuid() == 0 ? kNobody : ::getuid();
}

std::string in_child(const std::function<std::string()>& body) {
  const auto [text, ending] = run_child([&](int to) {
    const std::string answer = body();
    ::_exit(write_fully(to, answer.data(), answer.size()) == 0 ? 0 : 98);
  });
  return ending == "exit 0" ? text : text + ending;
}

std::string output_of_child(const std::function<void()>& body) {
  const auto [text, ending] = run_child([&](int to) {
    if (::dup2(to, 1) == 1) body();
  });
  return text + ending;
}

std::string why_no_namespaces() {
  return in_child([]() -> std::string {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) return "";
    return std::string("no user namespaces here: ") + ::strerrorname_np(errno);
  });
}

bool everything_must_work() {
  const char* value = std::getenv("BERTH_MUST_WORK");  // NOLINT(concurrency-mt-unsafe): one thread
  return value != nullptr && std::string_view(value) == "1";
}

OwnFolder::OwnFolder() {
  std::string pattern = "/tmp/berth-test-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
  if (::chown(path_.c_str(), ordinary_uid(), ordinary_gid()) != 0) std::abort();
}

OwnFolder::~OwnFolder() {
  std::error_code ignored;  // a test that fails may leave what cannot be removed
  std::filesystem::remove_all(path_, ignored);
}

std::string OwnFolder::make(const std::string& name) const {
  std::string path = path_;
  for (const auto& part : std::filesystem::path(name)) {
    path += "/" + part.string();
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) std::abort();
    if (::chown(path.c_str(), ordinary_uid(), ordinary_gid()) != 0) std::abort();
  }
  return path;
}

void OwnFolder::write(const std::string& name, const std::string& text, mode_t mode) const {
  const std::string path = path_ + "/" + name;
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (write_fully(fd.get(), text.data(), text.size()) != 0 || ::fchmod(fd.get(), mode) != 0 ||
      ::fchown(fd.get(), ordinary_uid(), ordinary_gid()) != 0)
    std::abort();
}

void OwnFolder::link(const std::string& name, const std::string& target) const {
  if (::symlink(target.c_str(), (path_ + "/" + name).c_str()) != 0) std::abort();
}

std::string tree_of(const std::string& folder) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path();

    struct stat info {};

    if (::lstat(path.c_str(), &info) != 0) continue;
    std::string line = path.substr(folder.size()) + " " + std::to_string(info.st_mode) + " " +
                       std::to_string(info.st_size);
    if (S_ISLNK(info.st_mode)) line += " -> " + std::filesystem::read_symlink(path).string();
    if (S_ISREG(info.st_mode))
      if (auto text = read_text_file(path, 1 << 20)) line += " " + *text;
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  return text;
}

}  // namespace berth::tests
