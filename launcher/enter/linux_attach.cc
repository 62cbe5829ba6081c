// SPDX-License-Identifier: Apache-2.0
// Attaching a tree at a place of the image, which is made first if the image lacks it: in the
// overlay or in a tmpfs of the container's, never in another mount, where it would appear on the
// host.
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_mounts.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace berth::enter {

namespace {

/// 0 where it cannot be told.
std::uint64_t mount_of(int fd) noexcept {
  struct statx info {};

  return ::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) == 0 ? info.stx_mnt_id : 0;
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

/// Nothing can be written through it.
Answer close_mount(int mount) noexcept {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  const int set = ::mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
  return {Call::mount_setattr, set == 0 ? 0 : errno};
}

}  // namespace

void LinuxMounts::hold_own(unsigned slot, int mount) noexcept {
  trees_[slot] = mount;
  if (own_count_ < kSlots)
    own_[own_count_++] = mount_of(mount);  // it keeps its number when it is attached
}

bool LinuxMounts::is_containers(int fd) const noexcept {
  const std::uint64_t mount = mount_of(fd);
  if (mount == 0 || mount == mount_of(root_)) return mount != 0;
  for (unsigned i = 0; i < own_count_; ++i)
    if (own_[i] == mount) return true;
  return false;
}

/// One missing part of a path, below `parent`.
Answer LinuxMounts::make_part(int parent, const char* name, bool directory) const noexcept {
  if (!is_containers(parent)) return {Call::mkdir, EXDEV};
  const int made =
      directory ? ::mkdirat(parent, name, 0755) : ::mknodat(parent, name, S_IFREG | 0644, 0);
  return {directory ? Call::mkdir : Call::mknod, made == 0 ? 0 : errno};
}

/// Opens `path` in the root, making the parts that are missing. The walk opens every prefix anew
/// from the root, so that symbolic links of the image are followed as the kernel follows them.
Answer LinuxMounts::open_or_make(const char* path, bool directory, int& place) const noexcept {
  char prefix[PATH_MAX];
  const std::size_t length = ::strlen(path);
  if (length >= sizeof prefix) return {Call::openat2, ENAMETOOLONG};
  int parent = open_in_root(root_, "/", O_PATH);
  std::size_t begin = 1;
  while (parent >= 0 && begin < length) {
    std::size_t end = begin;
    while (end < length && path[end] != '/')
      ++end;
    ::memcpy(prefix, path, end);
    prefix[end] = '\0';
    int next = open_in_root(root_, prefix, O_PATH);
    if (next < 0 && errno == ENOENT) {
      const Answer made = make_part(parent, prefix + begin, directory || end < length);
      if (made.number != 0) {
        ::close(parent);
        return made;
      }
      next = open_in_root(root_, prefix, O_PATH);
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

/// The name was looked up again, in our own mount namespace: it must lead to the same directory.
Answer LinuxMounts::attach_same(unsigned slot, int opened, const char* at) noexcept {
  const int tree = trees_[slot];

  struct stat taken {};

  struct stat meant {};

  if (::fstat(tree, &taken) != 0 || ::fstat(opened, &meant) != 0) return {Call::fstat, errno};
  if (taken.st_dev != meant.st_dev || taken.st_ino != meant.st_ino) return {Call::fstat, ESTALE};
  const int number = attach(tree, AT_FDCWD, at) == 0 ? 0 : errno;
  ::close(tree);
  trees_[slot] = -1;
  return {Call::move_mount, number};
}

Answer LinuxMounts::attach_overlay(unsigned slot, const char* at) noexcept {
  return attach_same(slot, overlay_, at);
}

Answer LinuxMounts::attach_image(const AttachImage& image) noexcept {
  const Answer done = attach_same(image.slot, source(image.layer).image, image.at.c_str());
  return done.number != 0 || !image.is_root ? done : open_root(image.at.c_str());
}

Answer LinuxMounts::cover_file(const CoverFile& wanted) noexcept {
  const int file = ::open_tree(AT_FDCWD, wanted.from.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (file < 0) return {Call::open_tree, errno};

  struct stat info {};

  Answer done = is_closed_ ? close_mount(file) : Answer{};
  if (done.number != 0) return done;
  int place = open_in_root(root_, wanted.to.c_str(), O_PATH);
  if (place < 0 && wanted.makes_place)
    (void)open_or_make(wanted.to.c_str(), /*directory=*/false, place);  // or nothing is covered
  if (place >= 0 && ::fstat(place, &info) == 0 && S_ISREG(info.st_mode))
    done = {Call::move_mount, attach(file, place, "") == 0 ? 0 : errno};
  if (place >= 0) ::close(place);
  ::close(file);
  return done;
}

Answer LinuxMounts::open_root(const char* at) noexcept {
  root_ = ::open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return {Call::open, root_ < 0 ? errno : 0};
}

Answer LinuxMounts::attach_tree(const AttachTree& wanted) noexcept {
  const int tree = trees_[wanted.slot];

  struct stat info {};

  if (::fstat(tree, &info) != 0) return {Call::fstat, errno};
  int place = open_in_root(root_, wanted.to.c_str(), O_PATH);
  if (place < 0) {
    const Answer made = open_or_make(wanted.to.c_str(), S_ISDIR(info.st_mode), place);
    if (made.number == EROFS && wanted.is_optional) return {};
    if (made.number != 0) return made;
  }
  const int moved = attach(tree, place, "");
  int number = errno;
  // The kernel says EINVAL for many reasons; this one can be told apart.
  if (moved != 0 && number == EINVAL) number = why_not(info, place);
  ::close(place);
  ::close(tree);
  trees_[wanted.slot] = -1;
  return {Call::move_mount, moved == 0 ? 0 : number};
}

}  // namespace berth::enter
