// SPDX-License-Identifier: Apache-2.0
// Attaching a tree at a place of the image, which is made first if the image lacks it: in the
// overlay, never in another mount, where it would appear on the host.
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_mounts.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace berth::enter {

namespace {

bool same_mount(int a, int b) noexcept {
  struct statx first {};

  struct statx second {};

  return ::statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID, &first) == 0 &&
         ::statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID, &second) == 0 &&
         first.stx_mnt_id == second.stx_mnt_id;
}

/// One missing part of a path, below `parent`.
Answer make_part(int root, int parent, const char* name, bool directory) noexcept {
  if (!same_mount(root, parent)) return {Call::mkdir, EXDEV};
  const int made =
      directory ? ::mkdirat(parent, name, 0755) : ::mknodat(parent, name, S_IFREG | 0644, 0);
  return {directory ? Call::mkdir : Call::mknod, made == 0 ? 0 : errno};
}

/// Opens `path` in `root`, making the parts that are missing. The walk opens every prefix anew from
/// the root, so that symbolic links of the image are followed as the kernel follows them.
Answer open_or_make(int root, const char* path, bool directory, int& place) noexcept {
  char prefix[PATH_MAX];
  const std::size_t length = ::strlen(path);
  if (length >= sizeof prefix) return {Call::openat2, ENAMETOOLONG};
  int parent = open_in_root(root, "/", O_PATH);
  std::size_t begin = 1;
  while (parent >= 0 && begin < length) {
    std::size_t end = begin;
    while (end < length && path[end] != '/')
      ++end;
    ::memcpy(prefix, path, end);
    prefix[end] = '\0';
    int next = open_in_root(root, prefix, O_PATH);
    if (next < 0 && errno == ENOENT) {
      const Answer made = make_part(root, parent, prefix + begin, directory || end < length);
      if (made.number != 0) {
        ::close(parent);
        return made;
      }
      next = open_in_root(root, prefix, O_PATH);
    }
    const int number = errno;
    ::close(parent);
    errno = number;
    parent = next;
    begin = end + 1;
  }
  place = parent;
  return {Call::openat2, parent < 0 ? errno : 0};
}

/// Whether a tree could not cover a place because one is a directory and the other is not.
int why_not(const struct stat& tree, int place) noexcept {
  struct stat covered {};

  if (::fstat(place, &covered) != 0 || S_ISDIR(covered.st_mode) == S_ISDIR(tree.st_mode))
    return EINVAL;
  return S_ISDIR(tree.st_mode) ? ENOTDIR : EISDIR;
}

int attach(int tree, int place, const char* name) noexcept {
  return ::move_mount(tree,
                      "",
                      place,
                      name,
                      MOVE_MOUNT_F_EMPTY_PATH | (*name == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0));
}

}  // namespace

Answer LinuxMounts::attach_overlay(unsigned slot, const char* at) noexcept {
  const int tree = trees_[slot];

  struct stat taken {};

  struct stat locked {};

  // The name was looked up again, in our own mount namespace: it must lead to the same directory.
  if (::fstat(tree, &taken) != 0 || ::fstat(overlay_, &locked) != 0) return {Call::fstat, errno};
  if (taken.st_dev != locked.st_dev || taken.st_ino != locked.st_ino) return {Call::fstat, ESTALE};
  const int number = attach(tree, AT_FDCWD, at) == 0 ? 0 : errno;
  ::close(tree);
  trees_[slot] = -1;
  return {Call::move_mount, number};
}

Answer LinuxMounts::attach_tree(unsigned slot, const char* to) noexcept {
  const int tree = trees_[slot];

  struct stat info {};

  if (::fstat(tree, &info) != 0) return {Call::fstat, errno};
  int place = open_in_root(root_, to, O_PATH);
  if (place < 0) {
    const Answer made = open_or_make(root_, to, S_ISDIR(info.st_mode), place);
    if (made.number != 0) return made;
  }
  const int moved = attach(tree, place, "");
  int number = errno;
  // The kernel says EINVAL for many reasons; this one can be told apart.
  if (moved != 0 && number == EINVAL) number = why_not(info, place);
  ::close(place);
  ::close(tree);
  trees_[slot] = -1;
  return {Call::move_mount, moved == 0 ? 0 : number};
}

}  // namespace berth::enter
