// SPDX-License-Identifier: Apache-2.0
#include "image/source/squash.h"

#include "base/text.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/source/json.h"
#include "image/source/sif.h"

#include <cerrno>
#include <optional>
#include <span>

namespace berth::source {

namespace {

constexpr std::uint64_t kMagicBytes = 4;

Error damaged(const std::string& path, const std::string& name) {
  return Error{Blame::image,
               "read " + quote("/" + path) + " in " + quote(name) + ": it is damaged",
               {},
               "make or copy the image again"};
}

/// The file at `path`, if there is one.
Result<std::optional<std::string>> read_document(read::Reader& reader,
                                                 const std::string& path,
                                                 std::uint64_t limit,
                                                 const std::string& name) {
  read::Inode inode;
  const int error = read::find_path(reader, path, inode);
  if (error == ENOENT || error == ENOTDIR || (error == 0 && !inode.is(S_IFREG)))
    return std::optional<std::string>();
  if (error != 0) return damaged(path, name);
  if (inode.size > limit)
    return Error{Blame::image,
                 "read " + quote("/" + path) + " in " + quote(name) + ": it is larger than " +
                     size_text(limit)};
  std::string text(inode.size, '\0');
  std::size_t got = 0;
  const auto room = std::as_writable_bytes(std::span(text.data(), text.size()));
  if (read::read_file(reader, inode, 0, room, got) != 0 || got != text.size())
    return damaged(path, name);
  return std::optional(std::move(text));
}

/// The hash tree of an image that is a whole file; none for one inside of another file.
Result<integrity::Tree> find_tree_of(const Blob& blob, const read::Superblock& super) {
  integrity::Tree tree;
  if (blob.offset != 0) return tree;
  const integrity::Flaw flaw =
      integrity::find_tree(blob.file->get(), super.bytes_used, blob.size, tree);
  if (flaw == integrity::Flaw::none) return tree;
  return Error{Blame::image,
               "trust " + quote(blob.name) + ": its hash tree " + integrity::words_for(flaw),
               {},
               "make or copy the image again"};
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
  const auto tree = find_tree_of(blob, *super);
  if (!tree) return tree.error();
  read::Image opened(blob.file->get(), *super, blob.offset, *tree);
  read::Reader reader(opened);
  if (opened.checked.is_on() && !reader.has_superblock()) return damaged("", blob.name);
  auto own = read_document(reader, ".berth/config.json", kConfigLimit, blob.name);
  if (!own) return std::move(own.error());
  auto manifest = read_document(reader, ".berth/manifest.json", kManifestLimit, blob.name);
  if (!manifest) return std::move(manifest.error());
  Image image;
  image.config = std::move(*own).value_or("");
  if (image.config.empty()) image.config = config;
  image.manifest = std::move(*manifest).value_or("");
  image.whiteouts = Whiteouts::keep_as_files;
  image.squash = blob;
  image.super = *super;
  image.tree = *tree;
  return image;
}

Result<std::string> read_file_of(const Image& image, const std::string& path, std::uint64_t limit) {
  read::Image opened(image.squash.file->get(), image.super, image.squash.offset, image.tree);
  read::Reader reader(opened);
  auto text = read_document(reader, path, limit, image.squash.name);
  if (!text) return std::move(text.error());
  if (!*text) return damaged(path, image.squash.name);
  return std::move(**text);
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
