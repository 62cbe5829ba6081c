// SPDX-License-Identifier: Apache-2.0
// What hooks that look into an image begin with.
#pragma once

#include "base/result.h"
#include "hooks/mpi/tree.h"

#include <sys/resource.h>

#include <cstddef>
#include <string>
#include <vector>

namespace berth::hooks {

/// What the container is made of: so many images and directories, open from descriptor 3 on, the
/// lowest first.
Result<Tree> open_image_tree(std::size_t count);

/// The files below a directory, for which `fd` has to stay open.
Tree tree_of_directory(int fd);

/// NAME=value, of the program as the launcher has told it in `state`; none where it has said none.
std::vector<std::string> program_environment(const std::string& state);

/// An image may be anybody's; this bounds what looking into it can make us take, while it lives.
/// Hooks that are programs are asked afterwards, and have what they had.
class BoundedMemory {
 public:
  BoundedMemory();
  ~BoundedMemory();

  BoundedMemory(const BoundedMemory&) = delete;
  BoundedMemory& operator=(const BoundedMemory&) = delete;
  BoundedMemory(BoundedMemory&&) = delete;
  BoundedMemory& operator=(BoundedMemory&&) = delete;

 private:
  rlimit before_{RLIM_INFINITY, RLIM_INFINITY};
};

}  // namespace berth::hooks
