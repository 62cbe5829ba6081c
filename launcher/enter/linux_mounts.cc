// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/linux_mounts.h"

#include "image/serve/serve.h"
#include "launcher/enter/linux_calls.h"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>

namespace berth::enter {

namespace {

Answer answer(Call call, int result) noexcept {
  return {call, result < 0 ? errno : 0};
}

Answer write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return {Call::write, errno};
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

std::uint64_t number_of(Propagation propagation) noexcept {
  switch (propagation) {
    case Propagation::as_is:
      break;
    case Propagation::none:
      return MS_PRIVATE;
    case Propagation::slave:
      return MS_SLAVE;
    case Propagation::shared:
      return MS_SHARED;
  }
  return 0;
}

int set_attributes(int mount, unsigned flags, mount_attr attributes) noexcept {
  return ::mount_setattr(mount, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes);
}

/// What is to hold holds for the whole tree. What is given back is so on top only: a mount of the
/// node's somewhere below has its own reasons, and could not be changed.
Answer apply_flags(int mount, const MountFlags& flags) noexcept {
  mount_attr attributes{};
  attributes.attr_set = flags.set;
  attributes.propagation = number_of(flags.propagation);
  if (attributes.attr_set != 0 || attributes.propagation != 0) {
    const int set = set_attributes(mount, flags.is_recursive ? AT_RECURSIVE : 0, attributes);
    if (set != 0) return answer(Call::mount_setattr, set);
  }
  if (flags.clear == 0) return {};
  attributes = {};
  attributes.attr_clr = flags.clear;
  return answer(Call::mount_setattr, set_attributes(mount, 0, attributes));
}

}  // namespace

Answer LinuxMounts::write_file(const char* path, std::string_view text) noexcept {
  const bool of_the_kernel = ::strncmp(path, "/proc/", 6) == 0;
  if (!of_the_kernel && !may_be_written(text.size())) return {Call::write, EFBIG};
  const int flags = of_the_kernel ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  const int fd = ::open(path, flags | O_CLOEXEC, 0644);
  if (fd < 0) return answer(Call::open, fd);
  // The caller's umask must not decide who may read the container's /etc.
  if (!of_the_kernel) (void)::fchmod(fd, 0644);  // ours, just made: cannot fail
  const Answer written = write_all(fd, text);
  ::close(fd);
  return written;
}

Answer LinuxMounts::keep_inside() noexcept {
  // slave, not private: what is mounted on the host later (an automounted home) still arrives.
  return answer(Call::mount, ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr));
}

Answer LinuxMounts::take_tree(const char* from, unsigned slot, const MountFlags& flags) noexcept {
  if (slot >= kSlots) return {Call::open_tree, E2BIG};
  const unsigned depth = flags.is_recursive ? AT_RECURSIVE : 0;
  const int tree = ::open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | depth);
  if (tree < 0) return answer(Call::open_tree, tree);
  trees_[slot] = tree;
  return apply_flags(tree, flags);
}

Answer LinuxMounts::mount_scratch(const char* at, std::uint64_t bytes) noexcept {
  char options[64];
  char* end = put_text(options, "mode=0755");
  if (bytes != 0) end = put_number(put_text(end, ",size="), bytes);
  // Large pages where a file fills them: programs start from files that lie here.
  put_text(end, ",huge=within_size");
  int mounted = ::mount("berth", at, "tmpfs", MS_NOSUID | MS_NODEV, options);
  if (mounted != 0 && errno == EINVAL) {  // a kernel without transparent huge pages
    *end = '\0';
    mounted = ::mount("berth", at, "tmpfs", MS_NOSUID | MS_NODEV, options);
  }
  return answer(Call::mount, mounted);
}

Answer LinuxMounts::make_directory(const char* path, bool is_covered) noexcept {
  const int made = ::mkdir(path, 0755);
  if (made != 0) return answer(Call::mkdir, made);
  (void)::chmod(path, 0755);  // ours, just made; the umask must not decide
  // Spares overlayfs a look into the image. tmpfs keeps this mark since Linux 6.6; without it the
  // look is taken.
  if (is_covered) (void)::setxattr(path, "user.overlay.opaque", "y", 1, 0);
  return {};
}

Source LinuxMounts::source(unsigned layer) const noexcept {
  if (layer == 0) return {server_control_, image_};
  return layer <= above_.size() ? above_[layer - 1] : Source{};
}

Answer LinuxMounts::mount_image(const MountImage& image) noexcept {
  // Opened here, inside the user namespace: the kernel refuses a descriptor from outside.
  const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) return answer(Call::open, device);
  char options[160];
  char* end = put_number(put_text(options, "fd="), static_cast<unsigned>(device));
  end = put_number(put_text(end, ",rootmode=40000,user_id="), image.uid);
  end = put_number(put_text(end, ",group_id="), image.gid);
  put_text(end, ",default_permissions,allow_other");
  constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME;
  Answer done =
      answer(Call::mount, ::mount("berth", image.at.c_str(), "fuse.berth", kFlags, options));
  if (done.number == 0)
    done = {
        Call::sendmsg,
        serve::hand_over(
            source(image.layer).server, device, {image.uid, image.gid, image.has_stored_owners})};
  // Closed before anybody touches the mount: who holds the device and waits for an answer of the
  // file system can not even be killed once the server is gone.
  ::close(device);
  return done;
}

Answer LinuxMounts::mount_overlay(const MountOverlay& overlay) noexcept {
  const char* at = overlay.at.c_str();
  const Answer done =
      answer(Call::mount,
             ::mount(overlay.source.c_str(), at, "overlay", MS_NODEV, overlay.options.c_str()));
  if (done.number != 0) return done;
  root_ = ::open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root_ < 0 || overlay.kept_in.empty()) return answer(Call::open, root_);

  struct statfs info {};

  // A work directory that the kernel cannot empty makes it mount read-only, without a word.
  if (::fstatfs(root_, &info) != 0) return {Call::mount, errno};
  return {Call::mount, (info.f_flags & ST_RDONLY) != 0 ? EROFS : 0};
}

Answer LinuxMounts::use_image(const char* at) noexcept {
  const Answer done = open_root(at);
  if (done.number != 0) return done;
  is_closed_ = true;
  // Before anybody looks for places there: none may be made in a directory of the user's.
  return apply_flags(root_, {.set = MOUNT_ATTR_RDONLY, .is_recursive = false});
}

Answer LinuxMounts::change_root(const char* root, bool read_only) noexcept {
  (void)root;  // root_ is its descriptor
  if (read_only) {
    const Answer done = apply_flags(root_, {.set = MOUNT_ATTR_RDONLY, .is_recursive = false});
    if (done.number != 0) return done;
  }
  if (::fchdir(root_) != 0) return {Call::chdir, errno};
  // The old root lands on top of the new one and is taken off at once (pivot_root(2), NOTES).
  if (change_root_to_here() != 0) return {Call::pivot_root, errno};
  for (int left = is_covered_ ? 2 : 1; left > 0; --left)
    if (::umount2(".", MNT_DETACH) != 0) return {Call::umount2, errno};
  return answer(Call::chdir, ::chdir("/"));
}

}  // namespace berth::enter
