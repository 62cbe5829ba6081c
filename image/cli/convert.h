// SPDX-License-Identifier: Apache-2.0
// From the tree that the layers gave to the tree that the image gets. Pure.
#pragma once

#include "image/layers/merge.h"
#include "image/squash/tree.h"

#include <cstdint>

namespace berth::cli {

/// What an image may hold.
struct Keep {
  bool setuid = true;  ///< setuid and setgid bits of files
};

/// What was left out on purpose. Only what would be visible counts.
struct Losses {
  std::uint64_t devices = 0;  ///< names of device nodes
  std::uint64_t xattrs = 0;
  std::uint64_t setuid = 0;  ///< files that had one of the bits, or both
};

struct Converted {
  squash::Tree tree;
  Losses losses;
  std::uint64_t names = 0;     ///< entries below the root
  std::uint64_t contents = 0;  ///< files whose bytes are used
};

/// Leaves out device nodes. Hard links share one inode. The one tree goes while the other grows, so
/// that there is never memory for both.
Converted convert(layers::Node root, const Keep& keep);

}  // namespace berth::cli
