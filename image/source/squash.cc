// SPDX-License-Identifier: Apache-2.0
#include "image/source/squash.h"

#include "base/text.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/source/json.h"
#include "image/source/sif.h"

#include <cerrno>
#include <span>

namespace berth::source {

namespace {

constexpr std::uint64_t kMagicBytes = 4;

/// The file at `path`; empty when there is none.
Result<std::string> read_document(read::Reader& reader,
                                  const std::string& path,
                                  std::uint64_t limit,
                                  const std::string& name) {
  const std::string goal = "read " + quote("/" + path) + " in " + quote(name);
  read::Inode inode;
  std::string text;
  const int error = read::find_path(reader, path, inode);
  if (error == ENOENT || error == ENOTDIR || (error == 0 && !inode.is(S_IFREG))) return text;
  if (error != 0) return Error{Blame::image, goal + ": it is damaged"};
  if (inode.size > limit)
    return Error{Blame::image, goal + ": it is larger than " + size_text(limit)};
  text.resize(inode.size);
  std::size_t got = 0;
  const auto room = std::as_writable_bytes(std::span(text.data(), text.size()));
  if (read::read_file(reader, inode, 0, room, got) != 0 || got != text.size())
    return Error{Blame::image, goal + ": it is damaged"};
  return text;
}

/// A config made of what a SIF tells. Labels are a flat object of texts, or none.
std::string config_of(const Sif& sif) {
  Json config = Json::object();
  const auto labels = parse_json(sif.labels);
  if (labels && labels->is_object()) {
    for (const auto& [key, value] : labels->items()) {
      if (value.is_string()) config["Labels"][key] = value;
    }
  }
  const Platform host = host_platform();
  const Json document = {
      {"architecture", sif.architecture.empty() ? host.architecture : sif.architecture},
      {"os", "linux"},
      {"config", config},
      {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array()}}}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

bool is_squash(const Blob& file) {
  Blob head = file;
  if (file.size < kMagicBytes) return false;
  head.size = kMagicBytes;
  const auto magic = read_whole(head, kMagicBytes);
  return magic && *magic == "hsqs";
}

Result<Image> open_squash(const Blob& blob, const std::string& config) {
  const auto super = read::read_superblock_at(blob.file->get(), blob.offset, blob.size, blob.name);
  if (!super) return super.error();
  read::Image opened(blob.file->get(), *super, blob.offset);
  read::Reader reader(opened);
  auto own = read_document(reader, ".berth/config.json", kConfigLimit, blob.name);
  if (!own) return std::move(own.error());
  auto manifest = read_document(reader, ".berth/manifest.json", kManifestLimit, blob.name);
  if (!manifest) return std::move(manifest.error());
  Image image;
  image.config = std::move(*own);
  if (image.config.empty()) image.config = config;
  image.manifest = std::move(*manifest);
  image.whiteouts = Whiteouts::keep_as_files;
  image.squash = blob;
  image.super = *super;
  return image;
}

Result<std::string> read_file_of(const Image& image, const std::string& path, std::uint64_t limit) {
  read::Image opened(image.squash.file->get(), image.super, image.squash.offset);
  read::Reader reader(opened);
  return read_document(reader, path, limit, image.squash.name);
}

Result<Image> open_sif(const Blob& file) {
  const auto sif = read_sif(file);
  if (!sif) return sif.error();
  auto image = open_squash(sif->image, config_of(*sif));
  if (image && sif->has_overlay)
    image->note = quote(file.name) + " has an overlay partition, which is left out";
  return image;
}

}  // namespace berth::source
