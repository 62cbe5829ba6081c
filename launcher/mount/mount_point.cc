// SPDX-License-Identifier: Apache-2.0
#include "launcher/mount/mount_point.h"

#include "base/mounts.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace berth::mount {

namespace {

constexpr const char* kKind = "fuse.berth";

struct Free {
  void operator()(char* text) const { std::free(text); }
};

/// Empty, and errno says why. Does not ask the server of a mount at that place, which may be gone.
std::string real_path(const std::string& path) {
  const std::unique_ptr<char, Free> real(::realpath(path.c_str(), nullptr));
  return real == nullptr ? "" : real.get();
}

Error unfit(const std::string& goal, const std::string& why, const char* hint) {
  return Error{Blame::usage, goal + ": " + why, {}, hint};
}

Error refused_with_hint(const char* call, const std::string& goal, int number) {
  Error error = refused(call, goal, number);
  if (number == ENOENT || number == ENOTDIR) error.hint = kDirectoryHint;
  return error;
}

/// An image that is shown there already, alive or not, is in the way.
Status check_free(const std::string& path, const std::string& goal) {
  const auto is_taken = is_mounted(path);
  if (!is_taken) return is_taken.error();
  if (!*is_taken) return Done{};

  struct statfs info {};

  // What stat(2) wants to know the kernel may still know itself; this it asks the server.
  const bool is_dead =
      ::statfs(path.c_str(), &info) != 0 && (errno == ENOTCONN || errno == ECONNABORTED);
  return unfit(goal,
               is_dead ? "an image is mounted there, and its server has gone"
                       : "an image is mounted there already",
               kUnmountHint);
}

}  // namespace

Result<bool> is_mounted(const std::string& path) {
  const auto mounts = read_mounts("/proc/self/mountinfo");
  if (!mounts) return mounts.error();
  bool is_ours = false;
  for (const Mount& mount : *mounts)
    if (mount.point == path) is_ours = mount.kind == kKind;
  return is_ours;
}

Result<MountPoint> take_mount_point(const std::string& directory) {
  const std::string goal = "mount on " + quote(directory);
  const std::string path = real_path(directory);
  if (path.empty()) return refused_with_hint("realpath", goal, errno);
  BERTH_TRY(check_free(path, goal));
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open()) return refused_with_hint("open", goal, errno);

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) return refused("fstat", goal, errno);
  if (info.st_uid != ::geteuid() && ::geteuid() != 0)
    return unfit(goal, "it belongs to user " + std::to_string(info.st_uid), kDirectoryHint);
  // Two at once: the second waits here, and then finds it taken. Where directories cannot be
  // locked, as on NFS, one image lies over the other, and each takes its own `berth unmount`.
  while (::flock(fd.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  BERTH_TRY(check_free(path, goal));
  return MountPoint{path, std::move(fd)};
}

Result<std::string> find_mounted(const std::string& directory) {
  const std::string goal = "unmount " + quote(directory);
  const std::string path = real_path(directory);
  if (path.empty()) return refused("realpath", goal, errno);
  const auto is_ours = is_mounted(path);
  if (!is_ours) return is_ours.error();
  if (!*is_ours) return unfit(goal, "no image is mounted there", kListHint);
  return path;
}

}  // namespace berth::mount
