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

char* put_number(char* at, std::uint64_t number) noexcept {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count > 0)
    *at++ = digits[--count];
  *at = '\0';
  return at;
}

Answer write_all(int fd, const char* text) noexcept {
  std::size_t left = ::strlen(text);
  while (left > 0) {
    const ssize_t put = ::write(fd, text, left);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return {Call::write, errno};
    text += put;
    left -= static_cast<std::size_t>(put);
  }
  return {};
}

Answer make_read_only(int mount, unsigned flags) noexcept {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return answer(Call::mount_setattr,
                ::mount_setattr(mount, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes));
}

}  // namespace

Answer LinuxMounts::write_file(const char* path, const char* text) noexcept {
  const bool of_the_kernel = ::strncmp(path, "/proc/", 6) == 0;
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

Answer LinuxMounts::take_tree(const char* from, unsigned slot, bool read_only) noexcept {
  if (slot >= kSlots) return {Call::open_tree, E2BIG};
  const int tree = ::open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (tree < 0) return answer(Call::open_tree, tree);
  trees_[slot] = tree;
  return read_only ? make_read_only(tree, AT_RECURSIVE) : Answer{};
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

Answer LinuxMounts::mount_image(const char* at, const unsigned (&ids)[2]) noexcept {
  // Opened here, inside the user namespace: the kernel refuses a descriptor from outside.
  const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) return answer(Call::open, device);
  char options[160];
  char* end = put_number(put_text(options, "fd="), static_cast<unsigned>(device));
  end = put_number(put_text(end, ",rootmode=40000,user_id="), ids[0]);
  end = put_number(put_text(end, ",group_id="), ids[1]);
  put_text(end, ",default_permissions,allow_other");
  Answer done = answer(
      Call::mount,
      ::mount("berth", at, "fuse.berth", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME, options));
  if (done.number == 0) done = {Call::sendmsg, serve::hand_over(server_control_, device)};
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

Answer LinuxMounts::change_root(const char* root, bool read_only) noexcept {
  (void)root;  // root_ is its descriptor
  if (read_only) {
    const Answer done = make_read_only(root_, 0);
    if (done.number != 0) return done;
  }
  if (::fchdir(root_) != 0) return {Call::chdir, errno};
  // The old root lands on top of the new one and is taken off at once (pivot_root(2), NOTES).
  if (change_root_to_here() != 0) return {Call::pivot_root, errno};
  if (::umount2(".", MNT_DETACH) != 0) return {Call::umount2, errno};
  return answer(Call::chdir, ::chdir("/"));
}

}  // namespace berth::enter
