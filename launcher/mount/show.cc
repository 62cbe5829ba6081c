// SPDX-License-Identifier: Apache-2.0
#include "launcher/mount/show.h"

#include "base/text.h"
#include "launcher/mount/fusermount.h"
#include "launcher/plan/plan.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace berth::mount {

Status check_device() {
  if (::access("/dev/fuse", R_OK | W_OK) == 0) return Done{};
  const Refusal refusal{"open", errno};
  // The words of a launch, which needs the device too.
  return Error{Blame::host,
               "mount an image: use '/dev/fuse'",
               refusal,
               plan::hint_for(MountImage{}, refusal, {})};
}

Result<Shown> show_image(const enter::OpenedImage& image, const Wanted& wanted, MountPoint place) {
  serve::Settings settings;
  settings.verify = wanted.verify;
  auto server = serve::ImageServer::start(image.fd.get(), wanted.name, settings);
  if (!server) return std::move(server.error());
  // An image that is damaged is found out before there is a mount.
  if (const auto preview = server->preview(); !preview) return preview.error();
  const std::string goal = "mount " + quote(wanted.name) + " on " + quote(place.path);
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, server->pid(), 0)));
  if (!pidfd.is_open()) return refused("pidfd_open", goal, errno);
  auto fuse = ask_for_mount(place.path, image.source);
  if (!fuse) return std::move(fuse.error());
  int number = serve::hand_over(server->control_fd(), fuse->get(), {::getuid(), ::getgid()});
  // Closed before anybody touches the mount: see hand_over().
  fuse->reset();

  struct stat info {};

  if (number == 0 && ::stat(place.path.c_str(), &info) != 0) number = errno;
  if (number == 0) return Shown{std::move(place.path), std::move(pidfd)};
  (void)ask_to_unmount(place.path, InUse::detached);  // the first error counts
  return refused("stat", goal, number);
}

}  // namespace berth::mount
