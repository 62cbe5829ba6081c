// SPDX-License-Identifier: Apache-2.0
// The life of a server process, from the fork to the end of the last mount.
#pragma once

#include "image/read/superblock.h"
#include "image/serve/serve.h"

namespace berth::serve {

/// The byte that comes with the FUSE descriptor.
constexpr char kFuseWord = 'f';

/// What a server process begins with. The superblock has been checked.
struct ServerOrder {
  int image_fd = -1;
  int control = -1;
  read::Superblock super = {};
  Settings settings = {};
  const char* image_name = "";
};

/// The whole life. Call it in a process of its own that has one thread.
[[noreturn]] void run_server(const ServerOrder& order) noexcept;

}  // namespace berth::serve
