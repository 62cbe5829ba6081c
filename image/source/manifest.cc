// SPDX-License-Identifier: Apache-2.0
#include "image/source/manifest.h"

#include "base/text.h"
#include "image/source/digest.h"
#include "image/source/json.h"

#include <algorithm>
#include <array>

namespace berth::source {

namespace {

constexpr std::array<std::string_view, 11> kLayerTypes = {
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"};

constexpr std::array<std::string_view, 2> kConfigTypes = {
    "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"};

Error broken(const std::string& name, const std::string& why) {
  return Error{Blame::image, "read " + quote(name) + ": " + why};
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return texts;
  for (const Json& item : list) {
    const auto* text = item.get_ptr<const std::string*>();
    texts.push_back(text == nullptr ? "" : *text);
  }
  return texts;
}

Result<Descriptor> parse_descriptor(const Json& from, const std::string& name) {
  Descriptor descriptor;
  descriptor.media_type = text_of(from, "mediaType");
  descriptor.digest = text_of(from, "digest");
  if (!is_digest(descriptor.digest))
    return broken(name,
                  "it refers to the digest " + quote(descriptor.digest) +
                      ", which is not sha256 and 64 digits");
  const auto size = number_of(from, "size");
  if (!size) return broken(name, "the size of " + descriptor.digest + " is missing");
  descriptor.size = *size;
  const Json& platform = member_of(from, "platform");
  descriptor.platform = {
      text_of(platform, "os"), text_of(platform, "architecture"), text_of(platform, "variant")};
  descriptor.tag = text_of(member_of(from, "annotations"), "org.opencontainers.image.ref.name");
  descriptor.urls = texts_of(member_of(from, "urls"));
  return descriptor;
}

/// `one`, or else a message: unknown types are better refused than unpacked as something else.
template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& known, const std::string& one) {
  return std::find(known.begin(), known.end(), one) != known.end();
}

bool fits(const Platform& have, const Platform& wanted) {
  return (have.os.empty() || have.os == wanted.os) &&
         (have.architecture.empty() || have.architecture == wanted.architecture) &&
         (wanted.variant.empty() || have.variant.empty() || have.variant == wanted.variant);
}

std::string list_of(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  std::string list;
  for (const std::string& word : words) {
    if (word.empty()) continue;
    list += (list.empty() ? "" : ", ") + quote(word);
  }
  return list;
}

std::vector<std::string> tags_of(const Index& index) {
  std::vector<std::string> tags;
  for (const Descriptor& manifest : index.manifests)
    tags.push_back(manifest.tag);
  return tags;
}

/// "v1" names itself and, as other tools write whole names, every "NAME:v1".
bool has_tag(const std::string& have, const std::string& wanted) {
  return have == wanted || have.ends_with(":" + wanted);
}

Error no_such_tag(const std::string& tag,
                  const std::vector<std::string>& tags,
                  const std::string& name) {
  const std::string list = list_of(tags);
  return Error{Blame::image,
               "find " + quote(tag) + " in " + quote(name),
               {},
               list.empty() ? "nothing there has a tag: leave it out" : "there is: " + list};
}

Error no_such_platform(const Index& index, const Platform& platform, const std::string& name) {
  std::vector<std::string> platforms;
  for (const Descriptor& manifest : index.manifests)
    platforms.push_back(to_text(manifest.platform));
  return Error{Blame::image,
               "find an image for " + to_text(platform) + " in " + quote(name),
               {},
               "choose with --platform; there is: " + list_of(platforms)};
}

/// True for "NAME" and "NAME:latest" when "latest" was meant, and for a name without its registry.
bool names_image(const std::string& have, std::string wanted) {
  if (wanted.find(':', wanted.rfind('/') + 1) == std::string::npos) wanted += ":latest";
  return have == wanted || have.ends_with("/" + wanted);
}

}  // namespace

std::string to_text(const Platform& platform) {
  return platform.os + (platform.architecture.empty() ? "" : "/") + platform.architecture +
         (platform.variant.empty() ? "" : "/") + platform.variant;
}

Result<Platform> parse_platform(const std::string& text) {
  const std::vector<std::string> parts = split(text, '/');
  const auto is_word = [](const std::string& part) {
    return !part.empty() &&
           part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  };
  if (parts.size() < 2 || parts.size() > 3 || !std::all_of(parts.begin(), parts.end(), is_word))
    return Error{Blame::usage,
                 "take " + quote(text) + " as a platform",
                 {},
                 "write it as OS/ARCH, for example linux/amd64"};
  return Platform{parts[0], parts[1], parts.size() > 2 ? parts[2] : ""};
}

Platform host_platform() {
#if defined(__x86_64__)
  return {"linux", "amd64"};
#elif defined(__aarch64__)
  return {"linux", "arm64"};
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
  return {"linux", "ppc64le"};
#elif defined(__riscv) && __riscv_xlen == 64
  return {"linux", "riscv64"};
#elif defined(__s390x__)
  return {"linux", "s390x"};
#else
#error "name this processor as OCI does"
#endif
}

bool is_index(std::string_view text) {
  const auto document = parse_json(text);
  return document && member_of(*document, "manifests").is_array();
}

Result<Index> parse_index(std::string_view text, const std::string& name) {
  const auto document = parse_json(text);
  if (!document) return broken(name, "it is not JSON");
  const Json& manifests = member_of(*document, "manifests");
  if (!manifests.is_array() || manifests.empty()) return broken(name, "it lists no manifests");
  if (!member_of(*document, "layers").is_null() || !member_of(*document, "config").is_null())
    return broken(name, "it is an index and a manifest at once");
  Index index;
  for (const Json& item : manifests) {
    auto descriptor = parse_descriptor(item, name);
    if (!descriptor) return std::move(descriptor.error());
    index.manifests.push_back(std::move(*descriptor));
  }
  return index;
}

Result<Manifest> parse_manifest(std::string_view text, const std::string& name) {
  const auto document = parse_json(text);
  if (!document) return broken(name, "it is not JSON");
  if (!member_of(*document, "manifests").is_null())
    return broken(name, "it is an index and a manifest at once");
  Manifest manifest;
  auto config = parse_descriptor(member_of(*document, "config"), name);
  if (!config) return std::move(config.error());
  if (!is_one_of(kConfigTypes, config->media_type))
    return broken(name, "it is no container image: its config is " + quote(config->media_type));
  manifest.config = std::move(*config);
  const Json& layers = member_of(*document, "layers");
  if (!layers.is_array() || layers.empty()) return broken(name, "it has no layers");
  if (layers.size() > kMostLayers) return broken(name, "it has more than 1000 layers");
  for (const Json& item : layers) {
    auto layer = parse_descriptor(item, name);
    if (!layer) return std::move(layer.error());
    if (!is_one_of(kLayerTypes, layer->media_type))
      return broken(name, "a layer has the unknown type " + quote(layer->media_type));
    manifest.layers.push_back(std::move(*layer));
  }
  return manifest;
}

namespace {

/// Absent, null, or a text that the kernel would take.
bool is_text(const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return value.is_null() || (text != nullptr && text->find('\0') == std::string::npos);
}

bool is_texts(const Json& value) {
  return value.is_null() ||
         (value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& item) {
            return !item.is_null() && is_text(item);
          }));
}

/// What a launch reads; better refused here than after hours in a queue.
Status check_run_config(const Json& config, const std::string& name) {
  if (!config.is_null() && !config.is_object())
    return broken(name, "its 'config' is not a JSON object");
  for (const char* key : {"Env", "Entrypoint", "Cmd"}) {
    if (!is_texts(member_of(config, key)))
      return broken(name, quote(key) + " is not a list of texts");
  }
  for (const char* key : {"User", "WorkingDir"}) {
    if (!is_text(member_of(config, key))) return broken(name, quote(key) + " is not a text");
  }
  return Done{};
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& name) {
  const auto document = parse_json(text);
  if (!document || !document->is_object()) return broken(name, "it is not a JSON object");
  BERTH_TRY(check_run_config(member_of(*document, "config"), name));
  Config config;
  config.platform = {text_of(*document, "os"), text_of(*document, "architecture")};
  config.diff_ids = texts_of(member_of(member_of(*document, "rootfs"), "diff_ids"));
  for (const std::string& id : config.diff_ids) {
    if (!is_digest(id))
      return broken(name, "the layer id " + quote(id) + " is not sha256 and 64 digits");
  }
  return config;
}

Result<std::vector<DockerImage>> parse_docker_manifest(std::string_view text,
                                                       const std::string& name) {
  const auto document = parse_json(text);
  if (!document) return broken(name, "it is not JSON");
  if (!document->is_array() || document->empty()) return broken(name, "it lists no images");
  std::vector<DockerImage> images;
  for (const Json& item : *document) {
    DockerImage image{text_of(item, "Config"),
                      texts_of(member_of(item, "RepoTags")),
                      texts_of(member_of(item, "Layers"))};
    if (image.config.empty()) return broken(name, "an image has no config");
    if (image.layers.empty()) return broken(name, "an image has no layers");
    if (image.layers.size() > kMostLayers) return broken(name, "it has more than 1000 layers");
    images.push_back(std::move(image));
  }
  return images;
}

Result<Descriptor> choose_manifest(const Index& index,
                                   const std::string& tag,
                                   const Platform& platform,
                                   const std::string& name) {
  Index tagged;
  for (const Descriptor& manifest : index.manifests) {
    if (tag.empty() || has_tag(manifest.tag, tag)) tagged.manifests.push_back(manifest);
  }
  if (tagged.manifests.empty()) return no_such_tag(tag, tags_of(index), name);
  std::vector<Descriptor> fitting;
  for (const Descriptor& manifest : tagged.manifests) {
    const auto same = [&](const Descriptor& other) { return other.digest == manifest.digest; };
    if (fits(manifest.platform, platform) &&
        std::none_of(fitting.begin(), fitting.end(), same))  // one image under two tags is one
      fitting.push_back(manifest);
  }
  if (fitting.empty()) return no_such_platform(tagged, platform, name);
  if (fitting.size() == 1) return fitting.front();
  const std::string tags = list_of(tags_of(tagged));
  return Error{Blame::image,
               "choose among the " + std::to_string(fitting.size()) + " images in " + quote(name),
               {},
               tags.empty() ? "none of them has a tag" : "add ':' and one of " + tags};
}

Result<Descriptor> choose_platform(const Index& index,
                                   const Platform& platform,
                                   const std::string& name) {
  for (const Descriptor& manifest : index.manifests) {
    if (fits(manifest.platform, platform)) return manifest;
  }
  return no_such_platform(index, platform, name);
}

Result<DockerImage> choose_docker_image(const std::vector<DockerImage>& images,
                                        const std::string& ref,
                                        const std::string& name) {
  std::vector<std::string> tags;
  for (const DockerImage& image : images)
    tags.insert(tags.end(), image.tags.begin(), image.tags.end());
  if (ref.empty()) {
    if (images.size() == 1) return images.front();
    return Error{Blame::image,
                 "choose among the " + std::to_string(images.size()) + " images in " + quote(name),
                 {},
                 tags.empty() ? "none of them has a tag" : "add ':' and one of " + list_of(tags)};
  }
  for (const DockerImage& image : images) {
    for (const std::string& tag : image.tags) {
      if (names_image(tag, ref)) return image;
    }
  }
  return no_such_tag(ref, tags, name);
}

}  // namespace berth::source
