// SPDX-License-Identifier: Apache-2.0
// Places of the container that show nothing or cannot be written, as the OCI's maskedPaths and
// readonlyPaths. They may be the image's, of which nothing is
// known: all is resolved in its root.
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_mounts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace berth::enter {

namespace {

/// Nothing is there, and so there is nothing to be masked or written.
bool is_nothing(int number) noexcept {
  return number == ENOENT || number == ENOTDIR;
}

Answer set_flags(int mount, std::uint64_t flags) noexcept {
  mount_attr attributes{};
  attributes.attr_set = flags;
  const int set =
      ::mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes);
  return {Call::mount_setattr, set == 0 ? 0 : errno};
}

/// An empty directory. `mount` is the caller's.
Answer make_nothing(int& mount) noexcept {
  const int context = ::fsopen("tmpfs", FSOPEN_CLOEXEC);
  if (context < 0) return {Call::fsopen, errno};
  int told = ::fsconfig(context, FSCONFIG_SET_STRING, "source", "berth", 0);
  if (told == 0) told = ::fsconfig(context, FSCONFIG_SET_STRING, "mode", "0555", 0);
  return finish_tree(context, told, kNoRights.set | kReadOnly.set, mount);
}

/// The node's /dev/null: the root directory is still the node's. It has to stay a device.
Answer take_null(int& mount) noexcept {
  mount = ::open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (mount < 0) return {Call::open_tree, errno};
  return set_flags(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

Answer attach_over(int mount, int place) noexcept {
  const int moved =
      ::move_mount(mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  return {Call::move_mount, moved == 0 ? 0 : errno};
}

Answer mask(int place) noexcept {
  struct stat info {};

  if (::fstat(place, &info) != 0) return {Call::fstat, errno};
  int cover = -1;
  Answer done = S_ISDIR(info.st_mode) ? make_nothing(cover) : take_null(cover);
  if (done.number == 0) done = attach_over(cover, place);
  if (cover >= 0) ::close(cover);
  return done;
}

Answer lock(int place) noexcept {
  const int tree =
      ::open_tree(place, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return {Call::open_tree, errno};
  Answer done = set_flags(tree, MOUNT_ATTR_RDONLY);
  if (done.number == 0) done = attach_over(tree, place);
  ::close(tree);
  return done;
}

}  // namespace

Answer LinuxMounts::mask_place(const char* path) noexcept {
  const int place = open_in_root(root_, path, O_PATH);
  if (place < 0) return {Call::openat2, is_nothing(errno) ? 0 : errno};
  const Answer done = mask(place);
  ::close(place);
  return done;
}

Answer LinuxMounts::lock_place(const char* path) noexcept {
  const int place = open_in_root(root_, path, O_PATH);
  if (place < 0) return {Call::openat2, is_nothing(errno) ? 0 : errno};
  const Answer done = lock(place);
  ::close(place);
  return done;
}

}  // namespace berth::enter
