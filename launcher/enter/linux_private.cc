// SPDX-License-Identifier: Apache-2.0
// A root of a rank's own over the one that ranks share, made inside of the container: every path is
// one of that root's, and resolved in it. Async-signal-safe: system calls only.
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_mounts.h"

#include <sys/stat.h>

#include <cerrno>

namespace berth::enter {

namespace {

/// A tmpfs, which lies on the root directory from then on: who has this one as his root does not
/// see it there. `mount` is the caller's.
Answer cover_root(std::uint64_t bytes, int& mount) noexcept {
  const int context = ::fsopen("tmpfs", FSOPEN_CLOEXEC);
  if (context < 0) return {Call::fsopen, errno};
  int told = ::fsconfig(context, FSCONFIG_SET_STRING, "source", "berth", 0);
  if (told == 0) told = ::fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0);
  char size[24];
  put_number(size, bytes);
  if (told == 0 && bytes != 0) told = ::fsconfig(context, FSCONFIG_SET_STRING, "size", size, 0);
  const Answer done = finish_tree(context, told, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, mount);
  if (done.number != 0) return done;
  const int moved = ::move_mount(mount, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  return {Call::move_mount, moved == 0 ? 0 : errno};
}

/// Whether something is mounted at the place that `fd` is.
bool is_mount(int fd) noexcept {
  struct statx info {};

  return ::statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/// Attaches a copy of what is at `from`, and of all below it, to `to`.
Answer copy_tree(int from, int to) noexcept {
  const int tree =
      ::open_tree(from, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return {Call::open_tree, errno};
  const int moved =
      ::move_mount(tree, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  const int number = moved == 0 ? 0 : errno;
  ::close(tree);
  return {Call::move_mount, number};
}

}  // namespace

Answer LinuxMounts::mount_private_root(const MountPrivateRoot& wanted) noexcept {
  int scratch = -1;
  const Answer covered = cover_root(wanted.bytes, scratch);
  if (covered.number != 0) return covered;
  is_covered_ = true;
  if (::fchdir(scratch) != 0) return {Call::chdir, errno};
  ::close(scratch);
  for (const char* name : {"upper", "work", "root"})
    if (::mkdir(name, 0755) != 0) return {Call::mkdir, errno};
  (void)::chmod("upper", 0755);  // ours, just made; the umask must not decide who enters the root
  const int mounted = ::mount(wanted.source.c_str(),
                              "root",
                              "overlay",
                              MS_NODEV,
                              "lowerdir=/,upperdir=upper,workdir=work,userxattr");
  if (mounted != 0) return {Call::mount, errno};
  return open_root("root");
}

Answer LinuxMounts::carry_tree(const char* path) noexcept {
  const int old = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (old < 0) return {Call::open, errno};
  Answer done{};
  const int from = open_in_root(old, path, O_PATH);
  // What is not there, nobody has mounted.
  const int to = from < 0 || !is_mount(from) ? -1 : open_in_root(root_, path, O_PATH);
  if (from >= 0 && is_mount(from) && to < 0) done = {Call::openat2, errno};
  if (to >= 0 && !is_mount(to)) done = copy_tree(from, to);
  for (const int fd : {old, from, to})
    if (fd >= 0) ::close(fd);
  return done;
}

}  // namespace berth::enter
