// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/root_images.h"

#include "image/store/stack.h"
#include "launcher/node/announce.h"
#include "launcher/request/image_config.h"

namespace berth::cli {

namespace {

std::vector<StartFile> start_files_of(const std::vector<serve::StartFile>& found) {
  std::vector<StartFile> files;
  files.reserve(found.size());
  for (const serve::StartFile& file : found)
    files.push_back({file.path,
                     static_cast<StartFile::Kind>(file.kind),
                     file.mode,
                     file.mtime,
                     file.target,
                     file.offset,
                     file.size});
  return files;
}

}  // namespace

Status RootImages::open(const Request& request,
                        const store::Environment& places,
                        ImageFacts& facts) {
  const auto found = store::find_stack(request.image, places);
  if (!found) return found.error();
  for (const store::Named& one : *found) {
    auto opened = enter::open_image_or_directory(one.path);
    if (!opened) return std::move(opened.error());
    facts.layers.push_back({one.name, opened->is_directory});
    names_.push_back(one.name);
    layers_.push_back(std::move(*opened));
  }
  if (found->size() == 1) facts.source = lowest().source;
  return Done{};
}

std::string RootImages::identities() const {
  std::string text;
  for (const enter::OpenedImage& layer : layers_)
    text.append(layer.identity).append("\n");  // two are not taken for two others
  return text;
}

std::vector<std::string> RootImages::contents() const {
  std::vector<std::string> all;
  all.reserve(layers_.size());
  for (const enter::OpenedImage& layer : layers_)
    all.push_back(enter::content_of(layer));
  return all;
}

Status RootImages::start(serve::Settings settings,
                         const std::vector<std::string>& root_hashes,
                         node::Keeper* keeper) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    servers_.emplace_back();
    if (layers_[i].is_directory) continue;
    const bool is_any = root_hashes.empty() || root_hashes.at(i) == "-";
    settings.root_hash = is_any ? "" : root_hashes.at(i);
    auto server = serve::ImageServer::start(layers_[i].fd.get(), names_[i], settings, keeper);
    if (!server) return std::move(server.error());
    servers_.back() = std::move(*server);
    keeper = nullptr;
  }
  if (keeper == nullptr) return Done{};
  return keeper->start_alone();
}

/// A file's server has read it, a directory is read here.
Result<serve::Preview> RootImages::read_layer(std::size_t layer, int helpers) {
  auto& server = servers_[layer];
  if (!server) return enter::read_directory(layers_[layer].fd.get(), names_[layer]);
  auto preview = server->preview();
  if (preview) node::announce_helper(helpers, server->pid());
  return preview;
}

/// Programs start from the files of one image alone: which of several they come from, only
/// overlayfs knows.
Status RootImages::read(ImageFacts& facts, int helpers) {
  std::vector<std::string> configs;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    auto preview = read_layer(i, helpers);
    if (!preview) return std::move(preview.error());
    configs.push_back(std::move(preview->config));
    if (!preview->passwd.empty()) facts.passwd = std::move(preview->passwd);
    if (!preview->group.empty()) facts.group = std::move(preview->group);
    if (layers_.size() > 1) continue;
    facts.start = start_files_of(preview->start);
    facts.has_proof = preview->has_proof;
  }
  facts.config = request::join_configs(configs);
  return Done{};
}

void RootImages::add_to(std::vector<enter::Source>& sources) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool is_served = i < servers_.size() && servers_[i];
    sources.push_back({is_served ? servers_[i]->control_fd() : -1, layers_[i].fd.get()});
  }
}

std::vector<int> RootImages::files() const {
  std::vector<int> all;
  for (const enter::OpenedImage& layer : layers_)
    all.push_back(layer.fd.get());
  return all;
}

}  // namespace berth::cli
