// SPDX-License-Identifier: Apache-2.0
#include "image/source/open.h"

#include "base/text.h"
#include "image/source/archive_index.h"
#include "image/source/digest.h"
#include "image/source/squash.h"

#include <fcntl.h>

#include <cerrno>
#include <functional>

namespace berth::source {

namespace {

constexpr int kDeepestIndex = 4;

/// Finds a file of an OCI layout by its name there, in a directory or in an archive.
using Layout = std::function<Result<Blob>(const std::string&)>;

struct Wish {
  std::string name;  ///< the source, for messages
  std::string tag;
  Platform platform;
  bool is_asked_for = false;  ///< the user named the platform
};

Wish wish_of(const Reference& reference, const std::optional<Platform>& platform) {
  return {reference.path,
          reference.selector,
          platform ? *platform : host_platform(),
          platform.has_value()};
}

Result<Blob> find_blob(const Layout& layout, const Descriptor& descriptor) {
  auto blob = layout("blobs/sha256/" + std::string(hex_of(descriptor.digest)));
  if (!blob) return blob;
  blob->digest = descriptor.digest;
  if (blob->size != descriptor.size)
    return Error{Blame::image,
                 "trust " + quote(blob->name) + ": it has " + std::to_string(blob->size) +
                     " bytes, not " + std::to_string(descriptor.size),
                 {},
                 "the source is damaged: make or copy it again"};
  return blob;
}

Result<std::string> read_document(const Layout& layout,
                                  const Descriptor& descriptor,
                                  std::uint64_t limit) {
  const auto blob = find_blob(layout, descriptor);
  if (!blob) return blob.error();
  return read_whole(*blob, limit);
}

/// Hostile text, unless it is what people may type.
std::string shown(const Platform& platform) {
  const std::string text = to_text(platform);
  return parse_platform(text) ? text : quote(text);
}

Status check_platform(const Config& config, const Wish& wish) {
  const Platform& have = config.platform;
  if ((have.os.empty() || have.os == wish.platform.os) &&
      (have.architecture.empty() || have.architecture == wish.platform.architecture))
    return Done{};
  return Error{Blame::image,
               "use " + quote(wish.name) + ": it is for " + shown(have) + ", not for " +
                   to_text(wish.platform),
               {},
               wish.is_asked_for ? "" : "to import it all the same: --platform " + shown(have)};
}

/// Reads the config's checks into the image: the platform, and an id for each layer.
Status apply_checks(Image& image, const std::string& name, const Wish& wish) {
  const auto config = parse_config(image.config, name);
  if (!config) return config.error();
  BERTH_TRY(check_platform(*config, wish));
  if (config->diff_ids.empty()) return Done{};
  if (config->diff_ids.size() != image.layers.size())
    return Error{Blame::image,
                 "read " + quote(name) + ": it names " + std::to_string(config->diff_ids.size()) +
                     " layers, the manifest " + std::to_string(image.layers.size())};
  for (std::size_t i = 0; i < image.layers.size(); ++i)
    image.layers[i].diff_id = config->diff_ids[i];
  return Done{};
}

/// The manifest that is meant, through indexes in indexes.
Result<std::string> read_manifest(const Layout& layout, const Wish& wish) {
  const auto top = layout("index.json");
  if (!top) return top.error();
  auto text = read_whole(*top, kManifestLimit);
  std::string name = top->name;
  std::string tag = wish.tag;
  for (int depth = 0; depth < kDeepestIndex; ++depth) {
    if (!text) return text;
    if (depth > 0 && !is_index(*text)) return text;
    const auto index = parse_index(*text, name);
    if (!index) return index.error();
    const auto chosen = choose_manifest(*index, tag, wish.platform, wish.name);
    if (!chosen) return chosen.error();
    text = read_document(layout, *chosen, kManifestLimit);
    name = chosen->digest;
    tag.clear();  // tags are at the top only
  }
  if (text && is_index(*text))
    return Error{Blame::image, "read " + quote(wish.name) + ": its indexes are nested too deeply"};
  return text;
}

Result<Image> open_layout(const Layout& layout, const Wish& wish) {
  Image image;
  auto text = read_manifest(layout, wish);
  if (!text) return std::move(text.error());
  image.manifest = std::move(*text);
  const auto manifest = parse_manifest(image.manifest, digest_of(image.manifest));
  if (!manifest) return manifest.error();
  auto config = read_document(layout, manifest->config, kConfigLimit);
  if (!config) return std::move(config.error());
  image.config = std::move(*config);
  for (const Descriptor& descriptor : manifest->layers) {
    auto blob = find_blob(layout, descriptor);
    if (!blob) return std::move(blob.error());
    image.layers.push_back({std::move(*blob), {}});
  }
  BERTH_TRY(apply_checks(image, manifest->config.digest, wish));
  return image;
}

Result<Image> open_oci(const Wish& wish) {
  UniqueFd folder(::open(wish.name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return refused("open", "read the OCI layout " + quote(wish.name), errno);
  const Layout layout = [&](const std::string& file) {
    return open_blob(file, wish.name + "/" + file, folder.get());
  };
  return open_layout(layout, wish);
}

Result<Image> open_oci_archive(const Wish& wish) {
  const auto index = ArchiveIndex::read(wish.name);
  if (!index) return index.error();
  return open_layout([&](const std::string& file) { return index->find(file); }, wish);
}

/// Both layouts of docker save: "HEX.json" and "blobs/sha256/HEX" are named by their digest.
std::string digest_in(const std::string& member) {
  std::string name = member.substr(member.rfind('/') + 1);
  if (name.ends_with(".json")) name.resize(name.size() - 5);
  name = "sha256:" + name;
  return is_digest(name) ? name : "";
}

Result<Image> open_docker_archive(const Wish& wish) {
  const auto index = ArchiveIndex::read(wish.name);
  if (!index) return index.error();
  const auto list = index->find("manifest.json");
  if (!list) return list.error();
  const auto text = read_whole(*list, kManifestLimit);
  if (!text) return text.error();
  const auto images = parse_docker_manifest(*text, list->name);
  if (!images) return images.error();
  const auto chosen = choose_docker_image(*images, wish.tag, wish.name);
  if (!chosen) return chosen.error();
  auto config = index->find(chosen->config);
  if (!config) return std::move(config.error());
  config->digest = digest_in(chosen->config);
  Image image;
  auto document = read_whole(*config, kConfigLimit);
  if (!document) return std::move(document.error());
  image.config = std::move(*document);
  for (const std::string& member : chosen->layers) {
    auto blob = index->find(member);
    if (!blob) return std::move(blob.error());
    blob->digest = digest_in(member);
    image.layers.push_back({std::move(*blob), {}});
  }
  BERTH_TRY(apply_checks(image, config->name, wish));
  return image;
}

std::string minimal_config(const Platform& platform) {
  return R"({"architecture":")" + platform.architecture + R"(","os":")" + platform.os +
         R"(","config":{},"rootfs":{"type":"layers","diff_ids":[]}})";
}

Result<Image> open_tar(const Wish& wish) {
  auto blob = open_blob(wish.name, wish.name);
  if (!blob) return std::move(blob.error());
  Image image;
  image.config = minimal_config(wish.platform);
  image.layers.push_back({std::move(*blob), {}});
  image.whiteouts = Whiteouts::keep_as_files;
  return image;
}

/// The platform of the config counts, as for a layout.
Result<Image> open_file(const Wish& wish, Kind kind) {
  auto blob = open_blob(wish.name, wish.name);
  if (!blob) return std::move(blob.error());
  auto image =
      kind == Kind::sif ? open_sif(*blob) : open_squash(*blob, minimal_config(wish.platform));
  if (!image) return image;
  const auto config = parse_config(image->config, wish.name);
  if (!config) return config.error();
  BERTH_TRY(check_platform(*config, wish));
  return image;
}

Result<Image> open_folder(const Wish& wish) {
  Image image;
  image.folder.reset(::open(wish.name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!image.folder.is_open())
    return refused("open", "read the directory " + quote(wish.name), errno);
  image.config = minimal_config(wish.platform);
  image.whiteouts = Whiteouts::keep_as_files;
  return image;
}

}  // namespace

Status apply_config(Image& image,
                    const std::string& name,
                    const std::string& source,
                    const std::optional<Platform>& platform) {
  return apply_checks(
      image, name, {source, {}, platform ? *platform : host_platform(), platform.has_value()});
}

Result<Image> open_image(const Reference& reference, const std::optional<Platform>& platform) {
  Reference known = reference;
  if (known.kind == Kind::unknown) {
    auto found = find_kind(reference);
    if (!found) return std::move(found.error());
    known = std::move(*found);
  }
  const Wish wish = wish_of(known, platform);
  switch (known.kind) {
    case Kind::oci:
      return open_oci(wish);
    case Kind::oci_archive:
      return open_oci_archive(wish);
    case Kind::docker_archive:
      return open_docker_archive(wish);
    case Kind::tar:
      return open_tar(wish);
    case Kind::squash:
    case Kind::sif:
      return open_file(wish, known.kind);
    case Kind::registry:
      return Error{Blame::internal, "read a registry as a file"};
    case Kind::folder:
    case Kind::unknown:
      break;
  }
  return open_folder(wish);
}

}  // namespace berth::source
