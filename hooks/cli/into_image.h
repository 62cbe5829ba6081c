// SPDX-License-Identifier: Apache-2.0
// What hooks that look into an image begin with.
#pragma once

#include "base/result.h"
#include "hooks/mpi/apart.h"
#include "hooks/mpi/tree.h"

#include <sys/resource.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace berth::hooks {

struct ImageLook {
  std::size_t images = 0;    ///< and directories, open from descriptor 3 on, the lowest first
  std::string changes = {};  ///< the directory of an overlay that is kept; may be empty
  std::string state = {};    ///< what the launcher says of the container
};

/// What the program will find: what the container is made of, and what will be mounted on it. Read
/// by a process apart.
Result<std::unique_ptr<TreeApart>> open_image_tree(const ImageLook& look);

/// What may change what was found, for Edits::seen: the loader's cache, these libraries, all places
/// of `node` that were read, and what will be mounted on places for libraries.
std::vector<std::string> places_seen(const ImageLook& look,
                                     const std::vector<std::string>& libraries,
                                     const Tree& node);

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
