// SPDX-License-Identifier: Apache-2.0
// From the tree that the layers gave to the tree that the image gets. Pure.
#pragma once

#include "image/layers/merge.h"
#include "image/squash/tree.h"

#include <cstdint>

namespace berth::cli {

struct Converted {
  squash::Tree tree;
  std::uint64_t names = 0;     ///< entries below the root
  std::uint64_t contents = 0;  ///< files whose bytes are used
};

/// Leaves out device nodes. Hard links share one inode.
Converted convert(const layers::Node& root);

}  // namespace berth::cli
