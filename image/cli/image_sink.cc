// SPDX-License-Identifier: Apache-2.0
#include "image/cli/image_sink.h"

namespace berth::cli {

layers::MadeStream::Item own_entry(const std::string& path,
                                   layers::Kind kind,
                                   std::string content) {
  layers::Entry entry;
  entry.path = path;
  entry.kind = kind;
  entry.attributes.mode = kind == layers::Kind::file ? 0644 : 0755;
  return {std::move(entry), std::move(content)};
}

layers::MadeStream make_own_layer(const std::string& config, const std::string& manifest) {
  const std::string folder = kOwnFolder;
  std::vector<layers::MadeStream::Item> items;
  items.push_back(own_entry(folder, layers::Kind::directory, {}));
  items.push_back(own_entry(folder + "/.wh..wh..opq", layers::Kind::file, {}));
  items.push_back(own_entry(folder + "/config.json", layers::Kind::file, config));
  if (!manifest.empty())
    items.push_back(own_entry(folder + "/manifest.json", layers::Kind::file, manifest));
  return layers::MadeStream(std::move(items));
}

}  // namespace berth::cli
