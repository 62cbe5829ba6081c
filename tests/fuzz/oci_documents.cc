// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image's index, manifest, config or docker's list: no exception, and what is
// accepted has only digests that are safe in a path.
#include "image/source/digest.h"
#include "image/source/manifest.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using berth::fuzz::require;
using berth::source::is_digest;

void check_index(std::string_view text) {
  const auto index = berth::source::parse_index(text, "index");
  require(!index || berth::source::is_index(text));
  if (!index) return;
  for (const auto& manifest : index->manifests) {
    require(is_digest(manifest.digest));
    const auto chosen = berth::source::choose_manifest(
        *index, manifest.tag, {manifest.platform.os, manifest.platform.architecture}, "index");
    require(!chosen || is_digest(chosen->digest));
  }
}

void check_manifest(std::string_view text) {
  const auto manifest = berth::source::parse_manifest(text, "manifest");
  if (!manifest) return;
  require(is_digest(manifest->config.digest) && !manifest->layers.empty());
  for (const auto& layer : manifest->layers)
    require(is_digest(layer.digest));
}

void check_docker(std::string_view text) {
  const auto images = berth::source::parse_docker_manifest(text, "list");
  if (!images) return;
  for (const auto& image : *images) {
    require(!image.config.empty() && !image.layers.empty());
    for (const auto& tag : image.tags)
      (void)berth::source::choose_docker_image(*images, tag, "list");  // any answer will do
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_index(text);
  check_manifest(text);
  check_docker(text);
  const auto config = berth::source::parse_config(text, "config");
  if (config)
    for (const auto& id : config->diff_ids)
      require(is_digest(id));
  return 0;
}
