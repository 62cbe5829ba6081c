// SPDX-License-Identifier: Apache-2.0
#include "hooks/trust.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

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

Error not_trusted(const std::string& path, const std::string& file) {
  return Error{Blame::config,
               "run " + quote(path) + ": others can write " + quote(file),
               {},
               "let only root, or only you, own and write it and its directory"};
}

/// All directories on the way to `file`, the last of which nobody else may write at all.
Status check_way(const std::string& path, const std::string& file, uid_t user) {
  for (std::size_t slash = 0; slash != file.npos; slash = file.find('/', slash + 1)) {
    const std::string directory = slash == 0 ? "/" : file.substr(0, slash);

    struct stat info {};

    if (::lstat(directory.c_str(), &info) != 0)
      return refused("lstat", "run " + quote(path), errno);
    const bool is_last = file.find('/', slash + 1) == file.npos;
    const bool is_sticky = (info.st_mode & S_ISVTX) != 0 && is_trusted_owner(info.st_uid, user);
    if (!is_trusted(info, user) && (is_last || !is_sticky)) return not_trusted(path, directory);
  }
  return Done{};
}

}  // namespace

bool is_trusted(const struct stat& info, uid_t user) {
  return is_trusted_owner(info.st_uid, user) && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Result<UniqueFd> open_trusted_program(const std::string& path, uid_t user) {
  const std::string goal = "run " + quote(path);
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(path.c_str(), resolved.data()) == nullptr) return refused("realpath", goal, errno);
  const std::string file = resolved.data();
  BERTH_TRY(check_way(path, file, user));
  UniqueFd program(::open(file.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!program.is_open()) return refused("open", goal, errno);

  struct stat info {};

  if (::fstat(program.get(), &info) != 0) return refused("fstat", goal, errno);
  if (!S_ISREG(info.st_mode)) return Error{Blame::config, goal + ": it is not a regular file"};
  if (!is_trusted(info, user)) return not_trusted(path, file);
  if ((info.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
    return Error{Blame::config, goal + ": it is not executable", {}, "chmod +x " + quote(file)};
  return program;
}

}  // namespace berth::hooks
