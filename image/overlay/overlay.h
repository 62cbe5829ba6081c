// SPDX-License-Identifier: Apache-2.0
// A directory that keeps what a container changes: `upper` and `work` for overlayfs, `image`, which
// says what image the changes belong to, and `lock`. One container at a time uses it, and nobody
// but its owner may write there.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <string>

namespace berth::overlay {

/// An open directory that nobody else uses as long as a copy of `lock` is open somewhere.
struct Place {
  UniqueFd directory = {};
  UniqueFd lock = {};
};

/// The image of a container.
struct ImageFile {
  int fd = -1;
  std::string name = {};  ///< as people named it
};

/// What tells an image from every other one without reading all of it: its size, its superblock,
/// the end of its tables and the root of its hash tree, if it has one, as a digest.
Result<std::string> find_identity(const ImageFile& image);

/// What the mounts of a container call themselves: "berth:DEVICE:INODE" of the image's file. Pure.
std::string source_of(const struct stat& image);

using Clock = std::chrono::steady_clock;

/// When a program ends its container takes a moment more to go: overlayfs writes to the disk what
/// is not there yet, of others too, and then what holds the lock sees that it is over.
constexpr std::chrono::seconds kPatience{10};

/// Opens the directory `path` for a container of `image` and locks it. An empty one becomes that
/// image's. Waits until then for a container that has just ended.
Result<Place> open_place(const std::string& path, const ImageFile& image, Clock::time_point until);

/// The place that `folder` is, or that it is the upper directory of, locked; empty when it is
/// neither. An error when its changes are not to `image`. `path` is for messages.
Result<std::optional<Place>> find_place(int folder,
                                        const std::string& path,
                                        const ImageFile& image);

constexpr const char* kMakeHint = "make a directory of your own for the changes: mkdir DIR";
constexpr const char* kPrivateHint = "let nobody else write to it: chmod go-w DIR";
constexpr const char* kInUseHint =
    "wait until it has ended, or name another directory; only without --share=none do ranks share";
constexpr const char* kOtherImageHint = "name that image, or another directory";
constexpr const char* kDiskHint =
    "name a directory on a local disk, with ext4, xfs or btrfs: overlayfs needs attributes there";

}  // namespace berth::overlay
