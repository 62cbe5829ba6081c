// SPDX-License-Identifier: Apache-2.0
// The merged result while it grows: one node for each path that something was said about.
#pragma once

#include "image/layers/entry.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace berth::layers {

/// What one or several names refer to.
struct Inode {
  Kind kind = Kind::directory;  ///< hard_link: not known yet, see `same_as`
  Attributes attributes = {};
  std::string target = {};               ///< of a symlink
  std::optional<unsigned> content = {};  ///< the sink's number for a file's bytes
  std::uint64_t place = 0;               ///< which entry of its layer it was
  int layer = 0;                         ///< the layer it stood in
  std::shared_ptr<Inode> same_as = {};   ///< the inode that this one turned out to be
};

/// The end of the `same_as` chain.
std::shared_ptr<Inode> settled(std::shared_ptr<Inode> inode);

/// Layers are numbered from 0, the lowest; they arrive from the top down. -1: none.
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children = {};
  std::shared_ptr<Inode> inode = {};  ///< none: nothing is visible here so far
  int owner = -1;                     ///< the layer that `inode` came from
  int whiteout = -1;                  ///< layers below this one may say nothing about this path
  int opaque = -1;                    ///< layers below this one may say nothing about what is in it
  int blocker = -1;    ///< a layer with something else here, under the directory of an upper one
  int described = -1;  ///< the layer whose entry gave a directory its attributes; -1: nobody yet

  [[nodiscard]] bool is_directory() const { return inode && inode->kind == Kind::directory; }
};

}  // namespace berth::layers
