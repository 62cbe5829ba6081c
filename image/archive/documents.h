// SPDX-License-Identifier: Apache-2.0
// The documents of an image of one layer (image-spec: config, manifest, index). Pure.
#pragma once

#include "image/archive/layer.h"

#include <string>
#include <string_view>

namespace berth::archive {

/// What an image said about itself before.
struct Before {
  std::string config = {};    ///< the OCI config document; empty: there was none
  std::string manifest = {};  ///< the OCI manifest it was imported with; empty: there was none
};

struct Documents {
  std::string config;
  std::string manifest;
  std::string index;
};

/// The image's own config with its one layer put into it: its "rootfs" has that layer, and in its
/// "history" the steps before have none, and the last one has it. A config that has the layer
/// already stays as it is, byte for byte. `name` is the image's, for messages.
Result<std::string> make_config(const std::string& config,
                                const Layer& layer,
                                const std::string& name);

/// All three; annotations of the manifest before are kept. `tag` is what the index calls the image.
Result<Documents> make_documents(const Before& before,
                                 const Layer& layer,
                                 Compression compression,
                                 const std::string& tag,
                                 const std::string& name);

/// Whether the index may call an image so (image-spec, annotations.md, "ref.name").
bool is_tag(std::string_view text);

}  // namespace berth::archive
