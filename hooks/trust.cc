// SPDX-License-Identifier: Apache-2.0
#include "hooks/trust.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>
#include <vector>

namespace berth::hooks {

namespace {

// What another namespace's root is shown as (user_namespaces(7), "Unmapped user and group IDs").
constexpr uid_t kUnmapped = 65534;

/// Whether root's files may look like nobody's here: not where every user is himself.
bool is_root_unmapped() {
  static const bool is_unmapped = [] {
    const auto map = read_text_file("/proc/self/uid_map", 1U << 16U);
    return map && map->find(" 4294967295\n") == std::string::npos;
  }();
  return is_unmapped;
}

bool is_trusted_owner(uid_t owner, uid_t user) {
  return owner == 0 || owner == user || (owner == kUnmapped && is_root_unmapped());
}

Error not_trusted(const std::string& goal, const std::string& file) {
  return Error{Blame::config,
               goal + ": others can write " + quote(file),
               {},
               "let only root, or only you, own and write it and its directory"};
}

/// Goes a path as the kernel does, and looks at whatever could lead elsewhere.
class Walk {
 public:
  Walk(std::string goal, uid_t user) : goal_(std::move(goal)), user_(user) {}

  Result<std::string> go(const std::string& path);

 private:
  void take(const std::string& path);
  Status step(const std::string& name);
  [[nodiscard]] Status check_directory() const;

  [[nodiscard]] bool is_done() const {
    return std::all_of(
        left_.begin(), left_.end(), [](const auto& one) { return one.empty() || one == "."; });
  }

  std::string goal_;
  uid_t user_;
  std::string at_;                 ///< where it is, without links; "" is the root
  std::vector<std::string> left_;  ///< names, the next one last
  unsigned links_ = 0;
};

/// Goes on with `path`, and then with what is left.
void Walk::take(const std::string& path) {
  if (path.starts_with('/')) at_.clear();
  const auto names = split(path, '/');
  left_.insert(left_.end(), names.rbegin(), names.rend());
}

/// What lies in it can only be what it was where nobody else may write it, or move others' files.
Status Walk::check_directory() const {
  const std::string directory = at_.empty() ? "/" : at_;

  struct stat info {};

  if (::lstat(directory.c_str(), &info) != 0) return refused("lstat", goal_, errno);
  const bool is_sticky = (info.st_mode & S_ISVTX) != 0 && is_trusted_owner(info.st_uid, user_);
  if (!is_trusted(info, user_) && !is_sticky) return not_trusted(goal_, directory);
  return Done{};
}

Status Walk::step(const std::string& name) {
  if (name.empty() || name == ".") return Done{};
  if (name == "..") {
    at_.resize(at_.empty() ? 0 : at_.rfind('/'));
    return Done{};
  }
  BERTH_TRY(check_directory());
  const std::string next = at_ + "/" + name;

  struct stat info {};

  if (::lstat(next.c_str(), &info) != 0) return refused("lstat", goal_, errno);
  if (!S_ISLNK(info.st_mode)) {
    at_ = next;
    return Done{};
  }
  // In a sticky directory anybody can make one.
  if (!is_trusted_owner(info.st_uid, user_)) return not_trusted(goal_, next);
  constexpr unsigned kMostLinks = 40;  // path_resolution(7)
  if (++links_ > kMostLinks) return refused("lstat", goal_, ELOOP);
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(next.c_str(), target.data(), target.size());
  if (size < 0) return refused("readlink", goal_, errno);
  take({target.data(), static_cast<std::size_t>(size)});
  return Done{};
}

Result<std::string> Walk::go(const std::string& path) {
  take(path);
  while (!is_done()) {
    const std::string name = std::move(left_.back());
    left_.pop_back();
    BERTH_TRY(step(name));
  }
  return at_.empty() ? "/" : at_;
}

/// Nobody else may write it at all: a sticky one takes files of everybody.
Status check_parent(const std::string& file, const std::string& goal, uid_t user) {
  const std::string directory = file.substr(0, std::max<std::size_t>(file.rfind('/'), 1));

  struct stat info {};

  if (::lstat(directory.c_str(), &info) != 0) return refused("lstat", goal, errno);
  if (!is_trusted(info, user)) return not_trusted(goal, directory);
  return Done{};
}

}  // namespace

bool is_trusted(const struct stat& info, uid_t user) {
  return is_trusted_owner(info.st_uid, user) && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Result<std::string> find_trusted_directory(const std::string& path,
                                           uid_t user,
                                           const std::string& goal) {
  return Walk(goal, user).go(path);
}

Result<std::string> find_trusted_file(const std::string& path,
                                      uid_t user,
                                      const std::string& goal) {
  auto file = Walk(goal, user).go(path);
  if (!file) return file;
  BERTH_TRY(check_parent(*file, goal, user));
  return file;
}

Result<UniqueFd> open_trusted_program(const std::string& path, uid_t user) {
  const std::string goal = "run " + quote(path);
  const auto file = find_trusted_file(path, user, goal);
  if (!file) return file.error();
  UniqueFd program(::open(file->c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!program.is_open()) return refused("open", goal, errno);

  struct stat info {};

  if (::fstat(program.get(), &info) != 0) return refused("fstat", goal, errno);
  if (!S_ISREG(info.st_mode)) return Error{Blame::config, goal + ": it is not a regular file"};
  if (!is_trusted(info, user)) return not_trusted(goal, *file);
  if ((info.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
    return Error{Blame::config, goal + ": it is not executable", {}, "chmod +x " + quote(*file)};
  return program;
}

}  // namespace berth::hooks
