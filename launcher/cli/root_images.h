// SPDX-License-Identifier: Apache-2.0
// What a container's root is made of: one image or directory, or several that lie on each other.
// Each image has a server of its own.
#pragma once

#include "image/store/store.h"
#include "launcher/enter/image.h"
#include "launcher/enter/linux_mounts.h"
#include "launcher/model/image.h"
#include "launcher/node/keeper.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

class RootImages {
 public:
  /// Opens what `request` names as its image, and says in `facts` what that is.
  Status open(const Request& request, const store::Environment& places, ImageFacts& facts);

  /// Other texts for other contents.
  [[nodiscard]] std::string identities() const;

  /// See enter::content_of(): of each, the lowest first.
  [[nodiscard]] std::vector<std::string> contents() const;

  /// Starts a server for each that is a file, and with the first one `keeper`, which may be null.
  /// `root_hashes`: see Request; of each, or none at all.
  Status start(serve::Settings settings,
               const std::vector<std::string>& root_hashes,
               node::Keeper* keeper);

  /// Learns what they say of themselves; of several, the upper one's files are seen. Waits until
  /// the servers have looked at their images. `helpers`: see node::announce_helper().
  Status read(ImageFacts& facts, int helpers);

  /// What a launch takes them from.
  void add_to(std::vector<enter::Source>& sources) const;

  /// Open files of all, the lowest first.
  [[nodiscard]] std::vector<int> files() const;

  [[nodiscard]] const enter::OpenedImage& lowest() const { return layers_.front(); }

 private:
  Result<serve::Preview> read_layer(std::size_t layer, int helpers);

  std::vector<enter::OpenedImage> layers_;                  ///< the lowest first
  std::vector<std::string> names_;                          ///< of each
  std::vector<std::optional<serve::ImageServer>> servers_;  ///< of each; a directory has none
};

}  // namespace berth::cli
