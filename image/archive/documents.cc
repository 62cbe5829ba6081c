// SPDX-License-Identifier: Apache-2.0
#include "image/archive/documents.h"

#include "base/text.h"
#include "image/source/digest.h"
#include "image/source/json.h"
#include "image/source/manifest.h"

#include <algorithm>

namespace berth::archive {

namespace {

using source::Json;

constexpr std::string_view kMedia = "application/vnd.oci.image.";
constexpr const char* kRefName = "org.opencontainers.image.ref.name";

/// JSON has no way to say bytes that are not UTF-8.
std::string text_of(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string layer_media(Compression compression) {
  std::string type = std::string(kMedia) + "layer.v1.tar";
  switch (compression) {
    case Compression::gzip:
      return type + "+gzip";
    case Compression::zstd:
      return type + "+zstd";
    case Compression::none:
      break;
  }
  return type;
}

Json descriptor(const std::string& media, const std::string& digest, std::uint64_t size) {
  return {{"mediaType", media}, {"digest", digest}, {"size", size}};
}

Json descriptor_of(const std::string& kind, const std::string& document) {
  return descriptor(
      std::string(kMedia) + kind + ".v1+json", source::digest_of(document), document.size());
}

/// The steps that the image was built in, none of which has a layer of its own any more.
Json history_of(const Json& config) {
  Json steps = Json::array();
  const Json& before = source::member_of(config, "history");
  if (before.is_array()) {
    for (const Json& step : before) {
      if (!step.is_object()) continue;
      steps.push_back(step);
      steps.back()["empty_layer"] = true;
    }
  }
  Json last = {{"created_by", "berth image export"}};
  const std::string created = source::text_of(config, "created");
  if (!created.empty()) last["created"] = created;  // "now" would make other bytes each time
  steps.push_back(std::move(last));
  return steps;
}

Json annotations_of(const std::string& manifest) {
  Json kept = Json::object();
  const auto document = source::parse_json(manifest);
  const Json& annotations = document ? source::member_of(*document, "annotations") : kept;
  if (!annotations.is_object()) return kept;
  for (const auto& [key, value] : annotations.items()) {
    if (value.is_string()) kept[key] = value;
  }
  return kept;
}

/// What an image of another tool's does not say.
Json minimal_config() {
  return {{"config", Json::object()}};
}

/// The specification's grammar for org.opencontainers.image.ref.name (image-spec, annotations.md).
bool is_ref_name(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  constexpr std::size_t kLongest = 255;
  if (text.empty() || text.size() > kLongest || !is_word(text.back())) return false;
  bool after_word = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_word(text[at])) {
      after_word = true;
      continue;
    }
    const bool is_separator = std::string_view("-._:@+/").find(text[at]) != std::string_view::npos;
    if (!after_word || !is_separator) return false;
    if (text.substr(at, 2) == "--") ++at;
    after_word = false;
  }
  return true;
}

bool is_port(std::string_view text) {
  constexpr unsigned long kLast = 65535;
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string_view::npos &&
         std::stoul(std::string(text)) <= kLast;
}

}  // namespace

Result<std::string> make_config(const std::string& config,
                                const Layer& layer,
                                const std::string& name) {
  auto document = config.empty() ? minimal_config() : source::parse_json(config).value_or(Json());
  if (!document.is_object())
    return Error{Blame::image, "use the config in " + quote(name) + ": it is no JSON object"};
  const Json rootfs = {{"type", "layers"}, {"diff_ids", Json::array({layer.diff_id})}};
  if (source::member_of(document, "rootfs") == rootfs) return config;
  document["rootfs"] = rootfs;
  document["history"] = history_of(document);
  const source::Platform host = source::host_platform();
  if (source::text_of(document, "architecture").empty())
    document["architecture"] = host.architecture;
  if (source::text_of(document, "os").empty()) document["os"] = host.os;
  return text_of(document);
}

Result<Documents> make_documents(const Before& before,
                                 const Layer& layer,
                                 Compression compression,
                                 const std::string& tag,
                                 const std::string& name) {
  auto config = make_config(before.config, layer, name);
  if (!config) return std::move(config.error());
  Documents made;
  made.config = std::move(*config);
  Json manifest = {
      {"schemaVersion", 2},
      {"mediaType", std::string(kMedia) + "manifest.v1+json"},
      {"config", descriptor_of("config", made.config)},
      {"layers", Json::array({descriptor(layer_media(compression), layer.digest, layer.size)})}};
  Json annotations = annotations_of(before.manifest);
  if (!annotations.empty()) manifest["annotations"] = std::move(annotations);
  made.manifest = text_of(manifest);
  Json entry = descriptor_of("manifest", made.manifest);
  entry["annotations"] = {{kRefName, tag}};
  made.index = text_of({{"schemaVersion", 2},
                        {"mediaType", std::string(kMedia) + "index.v1+json"},
                        {"manifests", Json::array({std::move(entry)})}});
  return made;
}

bool is_tag(std::string_view text) {
  constexpr std::size_t kLongestTag = 128;
  constexpr auto kNone = std::string_view::npos;
  if (!is_ref_name(text)) return false;
  // Where it is more than a tag, podman takes it for a name, "host:5000/team/app:v1".
  std::string_view name = text;
  const std::size_t tag_at = name.find(':', name.rfind('/') + 1);  // npos + 1 is 0
  if (tag_at != kNone) {
    const std::string_view tag = name.substr(tag_at + 1);
    if (tag.size() > kLongestTag || tag.find(':') != kNone) return false;
    name = name.substr(0, tag_at);
  }
  const std::size_t slash = name.find('/');
  if (tag_at == kNone && slash == kNone) return name.size() <= kLongestTag;
  const std::size_t port_at = name.find(':');
  if (port_at != kNone &&
      (port_at > slash || !is_port(name.substr(port_at + 1, slash - port_at - 1))))
    return false;
  if (port_at != kNone && name.find(':', slash) != kNone) return false;
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace berth::archive
