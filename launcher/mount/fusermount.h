// SPDX-License-Identifier: Apache-2.0
// fusermount3(1), which may mount for users in the namespace that they are in, and unmount.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <string>

namespace berth::mount {

/// What fusermount3 mounts, read-only; `source` is what the mount calls itself, without commas.
/// The FUSE descriptor of the mount, which somebody has to serve.
Result<UniqueFd> ask_for_mount(const std::string& directory, const std::string& source);

/// How a mount goes that somebody uses.
enum class InUse {
  refused,  ///< it stays
  detached  ///< its name is free at once, the rest goes with the last user
};

Status ask_to_unmount(const std::string& directory, InUse in_use);

constexpr const char* kInstallHint =
    "install fusermount3, which may mount for users: package fuse3";
constexpr const char* kBusyHint = "end what uses it, or leave the directory: fuser -vm DIR";

}  // namespace berth::mount
