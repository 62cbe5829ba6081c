// SPDX-License-Identifier: Apache-2.0
// Hard links whose target was not in their own layer: they wait here for the lower layers.
#pragma once

#include "image/layers/tree.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace berth::layers {

struct Want {
  std::shared_ptr<Inode> inode;  ///< the placeholder that the link's name has meanwhile
  std::string link;              ///< the link's own path, for messages
  int layer = 0;                 ///< the layer of the link
  bool is_blocked = false;       ///< the current layer hides the target from those below it
};

class Wants {
 public:
  void add(const std::string& target, Want want) { wants_.emplace(target, std::move(want)); }

  /// True when a link of a layer above `layer` waits for `path`.
  [[nodiscard]] bool has(const std::string& path, int layer) const;

  /// The current layer deletes or replaces what lies below it at `path` / in the directory `path`.
  void block(std::string_view path, int layer);
  void block_inside(std::string_view path, int layer);

  /// At the end of `layer`. `find` tells what the layer has at a path, or null; `found` learns of
  /// each inode that a link turned out to be. An error when a link can no longer be resolved.
  Status settle(int layer,
                const std::function<std::shared_ptr<Inode>(const std::string&)>& find,
                const std::function<void(const std::shared_ptr<Inode>&)>& found);

  /// After the last layer: an error when a link is left.
  [[nodiscard]] Status finish() const;

 private:
  std::multimap<std::string, Want, std::less<>> wants_;
};

}  // namespace berth::layers
