// SPDX-License-Identifier: Apache-2.0
// Everything is done through descriptors of the directory, which is opened once.
#include "image/overlay/overlay.h"

#include "base/text.h"
#include "image/overlay/mark.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

namespace berth::overlay {

namespace {

constexpr const char* kLock = "lock";
constexpr std::array<const char*, 2> kHalves = {"upper", "work"};
constexpr std::chrono::milliseconds kPause{10};
constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string goal_for(const std::string& path) {
  return "keep changes in " + quote(path);
}

Error unfit(const std::string& goal, const std::string& why, const char* hint) {
  return Error{Blame::config, goal + ": " + why, {}, hint};
}

/// "link/" would be followed.
std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path;
}

/// Of the caller's own, and nobody else's to write to.
Status check_private(int fd, const std::string& goal) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return refused("fstat", goal, errno);
  if (info.st_uid != ::geteuid())
    return unfit(goal, "it belongs to user " + std::to_string(info.st_uid), kMakeHint);
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return unfit(goal, "others may write to it", kPrivateHint);
  return Done{};
}

Result<UniqueFd> open_directory(const std::string& path, const std::string& goal) {
  const std::string name = without_slashes(path);
  UniqueFd fd(::open(name.c_str(), kDirectory));
  if (fd.is_open()) return fd;
  const int number = errno;

  struct stat info {};

  if (::lstat(name.c_str(), &info) == 0 && S_ISLNK(info.st_mode))
    return unfit(goal, "it is a symbolic link", kMakeHint);
  Error error = refused("open", goal, number);
  if (number == ENOENT || number == ENOTDIR) error.hint = kMakeHint;
  return error;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { (void)::closedir(directory); }
};

/// The names in a directory, or an errno.
Result<std::vector<std::string>> read_names(int directory, const std::string& goal) {
  UniqueFd fd(::openat(directory, ".", kDirectory));
  if (!fd.is_open()) return refused("openat", goal, errno);
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
  if (stream == nullptr) return refused("fdopendir", goal, errno);
  (void)fd.release();  // the stream's now
  std::vector<std::string> names;
  errno = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of this function's own
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return refused("readdir", goal, errno);
  return names;
}

/// Opens upper or work, which have to be there.
Result<UniqueFd> open_half(int directory, const char* name, const std::string& goal) {
  UniqueFd fd(::openat(directory, name, kDirectory));
  if (!fd.is_open()) return refused("openat", goal + ": open its " + quote(name), errno);
  return fd;
}

/// A first use that was cut short may have left the lock and two empty directories.
Status check_unused(int directory, const std::string& goal) {
  const Error used = unfit(goal, "it is not empty, and berth has not filled it", kMakeHint);
  auto names = read_names(directory, goal);
  if (!names) return std::move(names.error());
  for (const std::string& name : *names) {
    if (name == kLock || name.starts_with(".image.")) continue;
    if (std::find(kHalves.begin(), kHalves.end(), name) == kHalves.end()) return used;
    const UniqueFd half(::openat(directory, name.c_str(), kDirectory));
    if (!half.is_open()) return used;
    const auto inner = read_names(half.get(), goal);
    if (!inner) return inner.error();
    if (!inner->empty()) return used;
  }
  return Done{};
}

Result<UniqueFd> take_lock(int directory,
                           int flags,
                           Clock::time_point until,
                           const std::string& goal) {
  UniqueFd lock(::openat(
      directory, kLock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0600));
  if (!lock.is_open()) return refused("openat", goal, errno);
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return refused("flock", goal, errno);
    if (Clock::now() > until)
      return unfit(goal, "a container uses it, or it is being saved", kInUseHint);
    std::this_thread::sleep_for(kPause);
  }
  return lock;
}

/// overlayfs notes there what it hides. Without such notes it would seem to work, and forget.
Status check_attributes(int directory, const std::string& goal) {
  constexpr const char* kProbe = "user.berth.probe";
  if (::fsetxattr(directory, kProbe, "1", 1, 0) != 0) {
    Error error = refused("fsetxattr", goal, errno);
    if (error.refusal->number == EOPNOTSUPP) error.hint = kDiskHint;
    return error;
  }
  (void)::fremovexattr(directory, kProbe);  // harmless where it stays
  return Done{};
}

Status fill(int directory, const Mark& mark, const std::string& goal) {
  BERTH_TRY(check_unused(directory, goal));
  BERTH_TRY(check_attributes(directory, goal));
  for (const char* name : kHalves) {
    if (::mkdirat(directory, name, 0755) != 0 && errno != EEXIST)
      return refused("mkdirat", goal, errno);
    const auto half = open_half(directory, name, goal);
    if (!half) return half.error();
    // The container's root has the mode of upper: no umask may decide about it.
    if (::fchmod(half->get(), 0755) != 0) return refused("fchmod", goal, errno);
  }
  return write_mark(directory, mark);
}

Status check_mark(const Mark& mark, const std::string& identity, const std::string& goal) {
  if (mark.identity == identity) return Done{};
  return unfit(goal, "it has the changes to another image, " + quote(mark.name), kOtherImageHint);
}

bool is_same(int a, int b) {
  struct stat first {};

  struct stat second {};

  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

/// The directory that has `folder` as its upper one; not open where there is none.
UniqueFd find_above(int folder) {
  UniqueFd above(::openat(folder, "..", kDirectory));
  if (!above.is_open()) return {};
  const UniqueFd upper(::openat(above.get(), kHalves[0], kDirectory));
  return upper.is_open() && is_same(upper.get(), folder) ? std::move(above) : UniqueFd();
}

}  // namespace

Result<Place> open_place(const std::string& path, const ImageFile& image, Clock::time_point until) {
  const std::string goal = goal_for(path);
  const auto identity = find_identity(image);
  if (!identity) return identity.error();
  auto directory = open_directory(path, goal);
  if (!directory) return std::move(directory.error());
  const int fd = directory->get();
  BERTH_TRY(check_private(fd, goal));
  auto mark = read_mark(fd, goal);
  if (!mark) return std::move(mark.error());
  // Looked at before the lock is made: what is not ours stays as it is.
  if (!*mark) BERTH_TRY(check_unused(fd, goal));
  auto lock = take_lock(fd, O_CREAT, until, goal);
  if (!lock) return std::move(lock.error());
  mark = read_mark(fd, goal);
  if (!mark) return std::move(mark.error());
  BERTH_TRY(*mark ? check_mark(**mark, *identity, goal) : fill(fd, {*identity, image.name}, goal));
  for (const char* name : kHalves) {
    const auto half = open_half(fd, name, goal);
    if (!half) return half.error();
  }
  return Place{std::move(*directory), std::move(*lock)};
}

Result<std::optional<Place>> find_place(int folder,
                                        const std::string& path,
                                        const ImageFile& image) {
  const std::string goal = "save the changes in " + quote(path);
  UniqueFd directory(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
  auto mark = read_mark(directory.get(), goal);
  const bool is_place = mark && *mark;
  if (!is_place) {
    directory = find_above(folder);
    if (!directory.is_open()) return std::optional<Place>();
    mark = read_mark(directory.get(), goal);
    if (!mark || !*mark) return std::optional<Place>();
  }
  auto lock = take_lock(directory.get(), 0, Clock::now() + kPatience, goal);
  if (!lock) return std::move(lock.error());
  const auto identity = find_identity(image);
  if (!identity) return identity.error();
  BERTH_TRY(check_mark(**mark, *identity, goal));
  return std::optional<Place>(Place{std::move(directory), std::move(*lock)});
}

}  // namespace berth::overlay
