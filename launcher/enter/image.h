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
  bool is_directory = false;  ///< used as an image; always false where a file is wanted
  UniqueFd fd;
  std::string path;       ///< as opened
  std::string identity;   ///< device, inode, size and change time: another text for another content
  std::string source;     ///< "berth:DEVICE:INODE": what mounts that are made of it call themselves
  timespec written = {};  ///< when it was last written, before anybody read it
};

/// Opens a regular file for reading. From here on only the descriptor is used.
Result<OpenedImage> open_image(const std::string& path);

/// The same, or a directory. Its identity is that of its place and not of its content, which may
/// change while ranks come.
Result<OpenedImage> open_image_or_directory(const std::string& path);

/// Another text for other contents, the same on every node where it has a hash tree: the digest of
/// that, or else its identity. Empty for a directory, whose contents change without a trace.
std::string content_of(const OpenedImage& image);

/// What a directory that is used as an image says of itself, as a server reads it in an image: only
/// regular files, and through no link. What is not there is empty; what cannot be read, or is too
/// large, is an error with Blame::image. `name`: for that.
Result<serve::Preview> read_directory(int directory, const std::string& name);

}  // namespace berth::enter
