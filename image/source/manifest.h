// SPDX-License-Identifier: Apache-2.0
// The documents of an image (image-spec: index, manifest, config; docker's manifest.json), checked
// field by field, and the choice of one image among several. Pure.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::source {

constexpr std::uint64_t kManifestLimit = 4U << 20;  ///< bytes, as registries have it
constexpr std::uint64_t kConfigLimit = 1U << 20;    ///< bytes; it is read at each launch
constexpr std::size_t kMostLayers = 1000;

/// As OCI spells it: "linux", "amd64". Empty where a document does not say.
struct Platform {
  std::string os = {};
  std::string architecture = {};
  std::string variant = {};  ///< "v7"; empty: any
};

/// "linux/amd64".
std::string to_text(const Platform& platform);

/// "OS/ARCH" or "OS/ARCH/VARIANT".
Result<Platform> parse_platform(const std::string& text);

/// Linux on the processor this program was compiled for.
Platform host_platform();

struct Descriptor {
  std::string media_type = {};
  std::string digest = {};  ///< always valid: is_digest()
  std::uint64_t size = 0;
  Platform platform = {};
  std::string tag = {};                ///< org.opencontainers.image.ref.name
  std::vector<std::string> urls = {};  ///< where else the bytes are, as the document claims
};

/// An image index or a docker manifest list.
struct Index {
  std::vector<Descriptor> manifests;
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  ///< lowest first
};

struct Config {
  Platform platform;
  std::vector<std::string> diff_ids;  ///< of the uncompressed layers, lowest first
};

/// One entry of docker's manifest.json. Names are members of the archive.
struct DockerImage {
  std::string config;
  std::vector<std::string> tags;
  std::vector<std::string> layers;
};

/// True when the document has "manifests" and so is an index, whatever its media type claims.
bool is_index(std::string_view text);

// `name` is what messages call the document.
Result<Index> parse_index(std::string_view text, const std::string& name);
Result<Manifest> parse_manifest(std::string_view text, const std::string& name);
Result<Config> parse_config(std::string_view text, const std::string& name);
Result<std::vector<DockerImage>> parse_docker_manifest(std::string_view text,
                                                       const std::string& name);

/// The manifest called `tag`, or, when `tag` is empty, the only one there is for the platform.
/// Entries that say nothing about their platform fit every one.
Result<Descriptor> choose_manifest(const Index& index,
                                   const std::string& tag,
                                   const Platform& platform,
                                   const std::string& name);

/// The first manifest for the platform, as image-spec has it for indexes that tools make.
Result<Descriptor> choose_platform(const Index& index,
                                   const Platform& platform,
                                   const std::string& name);

/// The image that has the tag `ref` ("app", "app:v1", "docker.io/library/app:v1"), or the only one.
Result<DockerImage> choose_docker_image(const std::vector<DockerImage>& images,
                                        const std::string& ref,
                                        const std::string& name);

}  // namespace berth::source
