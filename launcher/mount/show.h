// SPDX-License-Identifier: Apache-2.0
// Shows an image on a directory of the caller's mount namespace, for programs that run in no
// container.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "launcher/enter/image.h"
#include "launcher/mount/mount_point.h"

#include <string>

namespace berth::mount {

/// An image that is mounted and served, by a process that ends with the mount.
struct Shown {
  std::string path;  ///< where
  UniqueFd server;   ///< its pidfd, which can be read once it has ended
};

/// How an image is shown.
struct Wanted {
  std::string name;  ///< the image's, for messages
  bool verify = true;
};

/// Returns when the mount answers. Nobody else gets to see it: it is the user's alone. After an
/// error nothing is mounted.
Result<Shown> show_image(const enter::OpenedImage& image, const Wanted& wanted, MountPoint place);

/// Whether the server of a mount may be started at all: an Error where /dev/fuse cannot be opened.
Status check_device();

}  // namespace berth::mount
