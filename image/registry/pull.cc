// SPDX-License-Identifier: Apache-2.0
#include "image/registry/pull.h"

#include "base/text.h"
#include "image/registry/cache.h"
#include "image/registry/documents.h"
#include "image/registry/download.h"
#include "image/source/digest.h"

#include <algorithm>
#include <utility>

namespace berth::registry {

namespace {

using source::Descriptor;
using source::DockerName;

constexpr int kDeepestIndex = 4;

/// "docker.io" is a name of docker's and not of a machine.
std::string machine_of(const std::string& registry) {
  return registry == "docker.io" ? "registry-1.docker.io" : registry;
}

/// The mirrors in their order, and the registry itself at the end.
std::vector<std::shared_ptr<Endpoint>> make_endpoints(const DockerName& name,
                                                      const Options& options) {
  std::vector<std::shared_ptr<Endpoint>> endpoints;
  const auto mirrors = options.mirrors.find(name.registry);
  if (mirrors != options.mirrors.end()) {
    Login login = options.login;
    login.given = {};  // what was typed is for the registry that was named
    for (const std::string& mirror : mirrors->second) {
      const std::size_t slash = std::min(mirror.find('/'), mirror.size());
      const std::string host = mirror.substr(0, slash);
      std::string prefix = mirror.substr(std::min(slash + 1, mirror.size()));
      if (!prefix.empty()) prefix += "/";
      endpoints.push_back(std::make_shared<Endpoint>(
          options.network, login, host, machine_of(host), prefix + name.repository));
    }
  }
  endpoints.push_back(std::make_shared<Endpoint>(
      options.network, options.login, name.registry, machine_of(name.registry), name.repository));
  return endpoints;
}

class Pull {
 public:
  Pull(const DockerName& name,
       const std::optional<source::Platform>& platform,
       const Options& options)
      : name_(name),
        platform_(platform),
        options_(options),
        http_(options.network),
        endpoints_(make_endpoints(name, options)) {}

  Result<source::Image> run() {
    std::optional<Cache> cache;
    if (!options_.cache.empty()) {
      auto opened = Cache::open(options_.cache);
      if (!opened) return std::move(opened.error());
      cache.emplace(std::move(*opened));
    }
    source::Image image;
    auto text = find_manifest();
    if (!text) return std::move(text.error());
    image.manifest = std::move(*text);
    const auto manifest = source::parse_manifest(image.manifest, source::digest_of(image.manifest));
    if (!manifest) return manifest.error();
    auto config = find_config(manifest->config);
    if (!config) return std::move(config.error());
    image.config = std::move(*config);
    add_layers(image, manifest->layers, cache);
    BERTH_TRY(source::apply_config(
        image, manifest->config.digest, "docker://" + to_text(name_), platform_));
    return image;
  }

 private:
  /// From the first of the endpoints that has the image.
  Result<std::string> find_manifest() {
    while (true) {
      auto text = choose_manifest(*endpoints_[used_]);
      const bool is_last = used_ + 1 == endpoints_.size();
      if (text || is_last || options_.network.is_stopped()) return text;
      ++used_;
    }
  }

  Result<std::string> find_config(const Descriptor& config) {
    for (std::size_t i = used_;; ++i) {
      auto text = read_blob(http_, *endpoints_[i], config, source::kConfigLimit);
      if (text || i + 1 == endpoints_.size() || options_.network.is_stopped()) return text;
    }
  }

  /// The manifest that is meant, through indexes in indexes.
  Result<std::string> choose_manifest(Endpoint& endpoint) {
    const bool is_by_digest = !name_.digest.empty();
    auto text = read_manifest(
        http_, endpoint, {is_by_digest ? name_.digest : name_.tag, is_by_digest, std::nullopt});
    for (int depth = 0; text && source::is_index(*text); ++depth) {
      if (depth == kDeepestIndex)
        return Error{Blame::image,
                     "read " + quote(to_text(name_)) + ": its indexes are nested too deeply"};
      const auto index = source::parse_index(*text, source::digest_of(*text));
      if (!index) return index.error();
      const auto chosen = source::choose_platform(
          *index, platform_ ? *platform_ : source::host_platform(), "docker://" + to_text(name_));
      if (!chosen) return chosen.error();
      text = read_manifest(http_, endpoint, {chosen->digest, true, chosen->size});
    }
    return text;
  }

  /// The registries, and for layers that those may not hand out, the addresses that the manifest
  /// names.
  [[nodiscard]] std::vector<Place> places_for(const Descriptor& layer) const {
    std::vector<Place> places;
    for (std::size_t i = used_; i < endpoints_.size(); ++i)
      places.push_back({endpoints_[i], {}});
    const bool is_foreign = layer.media_type.find("nondistributable") != std::string::npos ||
                            layer.media_type.find("foreign") != std::string::npos;
    if (!is_foreign) return places;
    for (const std::string& text : layer.urls) {
      const auto url = parse_url(text);
      if (url && (url->scheme == "https" || is_listed(url->authority, options_.network.plain_http)))
        places.push_back({nullptr, *url});
    }
    return places;
  }

  /// One download for all that the cache does not have, in the order of merging: the top one first.
  void add_layers(source::Image& image,
                  const std::vector<Descriptor>& layers,
                  const std::optional<Cache>& cache) {
    std::vector<Part> parts;
    std::vector<std::pair<std::size_t, std::size_t>> missing;  // layer, part
    image.layers.resize(layers.size());
    for (std::size_t i = layers.size(); i-- > 0;) {
      source::Blob& blob = image.layers[i].blob;
      if (cache) {
        if (auto found = cache->find(layers[i].digest, layers[i].size)) {
          blob = std::move(*found);
          continue;
        }
      }
      blob.name = name_.registry + "/" + name_.repository + "@" + layers[i].digest;
      blob.digest = layers[i].digest;
      blob.size = layers[i].size;
      blob.cure = "the registry, or something on the way, has changed it: tell its owner";
      missing.emplace_back(i, parts.size());
      parts.push_back({blob.name, blob.digest, blob.size, places_for(layers[i])});
    }
    if (missing.empty()) return;
    const auto download = std::make_shared<Download>(options_.network, std::move(parts));
    for (const auto& [layer, part] : missing) {
      source::Blob& blob = image.layers[layer].blob;
      blob.fetched = std::make_shared<FetchedPart>(download, part);
      if (cache) blob = cache->keep(blob);
    }
  }

  const DockerName& name_;
  const std::optional<source::Platform>& platform_;
  const Options& options_;
  Http http_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;
  std::size_t used_ = 0;  ///< the endpoint that had the manifest
};

}  // namespace

Result<source::Image> open_image(const DockerName& name,
                                 const std::optional<source::Platform>& platform,
                                 const Options& options) {
  return Pull(name, platform, options).run();
}

}  // namespace berth::registry
