// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/shown_images.h"

#include "base/text.h"
#include "image/store/stack.h"
#include "launcher/node/announce.h"

namespace berth::cli {

namespace {

Result<enter::OpenedImage> open_one(const std::string& name, const store::Environment& places) {
  const auto found = store::find_stack(name, places);
  if (!found) return found.error();
  if (found->size() != 1)
    return Error{Blame::usage,
                 "mount " + quote(name) + ": it is more than one image",
                 {},
                 "mount each at a place of its own"};
  auto opened = enter::open_image_or_directory(found->front().path);
  if (opened && opened->is_directory)
    return Error{Blame::usage,
                 "mount " + quote(name) + " as an image: it is a directory",
                 {},
                 "show a directory with --bind"};
  return opened;
}

}  // namespace

Status ShownImages::open(const Request& request, const store::Environment& places) {
  for (const Bind& bind : request.binds) {
    if (bind.origin != Origin::image) continue;
    auto opened = open_one(bind.from, places);
    if (!opened) return std::move(opened.error());
    names_.push_back(bind.from);
    files_.push_back(std::move(*opened));
  }
  return Done{};
}

std::string ShownImages::identities() const {
  std::string text;
  for (const enter::OpenedImage& file : files_)
    text.append(file.identity).append("\n");
  return text;
}

Status ShownImages::start(const serve::Settings& settings) {
  const serve::Settings own{.verify = settings.verify};
  for (std::size_t i = 0; i < files_.size(); ++i) {
    auto server = serve::ImageServer::start(files_[i].fd.get(), names_[i], own);
    if (!server) return std::move(server.error());
    servers_.push_back(std::move(*server));
  }
  return Done{};
}

Status ShownImages::check(int helpers) {
  for (serve::ImageServer& server : servers_) {
    const auto preview = server.preview();
    if (!preview) return preview.error();
    node::announce_helper(helpers, server.pid());
  }
  return Done{};
}

void ShownImages::add_to(std::vector<enter::Source>& sources) const {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const bool is_served = i < servers_.size();
    sources.push_back({is_served ? servers_[i].control_fd() : -1, files_[i].fd.get()});
  }
}

}  // namespace berth::cli
