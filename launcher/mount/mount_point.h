// SPDX-License-Identifier: Apache-2.0
// The directory that an image is shown on, before and while it is.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <string>

namespace berth::mount {

/// A directory that may be mounted on. While `lock` is open no other `berth mount` takes it.
struct MountPoint {
  std::string path;  ///< without symbolic links
  UniqueFd lock;
};

/// The user's own directory, where no image of berth's is mounted yet.
Result<MountPoint> take_mount_point(const std::string& directory);

/// Where an image of berth's is mounted, its server alive or not: `directory` without links.
Result<std::string> find_mounted(const std::string& directory);

/// Whether one is mounted at a path without links.
Result<bool> is_mounted(const std::string& path);

constexpr const char* kDirectoryHint = "make a directory of your own for it: mkdir DIR";
constexpr const char* kUnmountHint = "take it away first: berth unmount DIR";
constexpr const char* kListHint = "see where images are mounted: findmnt -t fuse.berth";

}  // namespace berth::mount
