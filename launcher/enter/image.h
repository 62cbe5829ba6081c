// SPDX-License-Identifier: Apache-2.0
// The image file, opened once; and the process that reads it for us.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "image/serve/serve.h"

#include <time.h>

#include <string>

namespace berth::enter {

struct OpenedImage {
  UniqueFd fd;
  std::string path;       ///< as opened
  std::string identity;   ///< device, inode, size and change time: another text for another content
  std::string source;     ///< "berth:DEVICE:INODE": what mounts that are made of it call themselves
  timespec written = {};  ///< when it was last written, before anybody read it
};

/// Opens a regular file for reading. From here on only the descriptor is used.
Result<OpenedImage> open_image(const std::string& path);

}  // namespace berth::enter
