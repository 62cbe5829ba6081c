// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/into_image.h"

#include "base/fd.h"
#include "hooks/peoples.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

constexpr int kFirstImage = 3;

/// Something that is open, for the tree of the image.
struct Source {
  int fd = -1;
  mode_t kind = 0;
  std::uint64_t size = 0;
};

/// Something of the node's that is mounted on a place of the container; without a source something
/// else is.
struct Cover {
  std::string to;
  Source source = {};
};

/// What the image's tree is made of, and the descriptors for it.
struct Parts {
  std::vector<Source> layers;  ///< the lowest first
  Source changes;              ///< of an overlay that is kept; may be none
  std::vector<Cover> covers;
  std::vector<UniqueFd> opened;

  [[nodiscard]] std::vector<Source> all() const {
    std::vector<Source> sources = layers;
    sources.push_back(changes);
    for (const Cover& one : covers)
      sources.push_back(one.source);
    std::erase_if(sources, [](const Source& one) { return one.fd < 0; });
    return sources;
  }
};

Result<Source> source_of(int fd) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return refused("fstat", "look into the image", errno);
  return Source{fd, info.st_mode & S_IFMT, static_cast<std::uint64_t>(info.st_size)};
}

/// None where it cannot be opened: then the launch will say so.
Source open_source(const std::string& path, Parts& parts) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  const auto source = file.is_open() ? source_of(file.get()) : Result<Source>(Source{});
  if (!source || source->fd < 0) return {};
  parts.opened.push_back(std::move(file));
  return *source;
}

std::unique_ptr<Layer> layer_of(const Source& source) {
  if (S_ISDIR(source.kind)) return layer_of_directory(source.fd);
  if (S_ISREG(source.kind)) return layer_of_file(source.fd);
  return nullptr;
}

/// In the process that reads it.
Result<Tree> make_tree(const Parts& parts) {
  std::vector<std::unique_ptr<Layer>> layers;
  if (parts.changes.fd >= 0) layers.push_back(layer_of_changes(parts.changes.fd));
  for (auto source = parts.layers.rbegin(); source != parts.layers.rend(); ++source) {
    if (S_ISDIR(source->kind)) {
      layers.push_back(layer_of_directory(source->fd));
      continue;
    }
    auto layer = layer_of_image(source->fd, source->size);
    if (!layer) return std::move(layer.error());
    layers.push_back(std::move(*layer));
  }
  Tree tree(std::move(layers));
  for (const Cover& one : parts.covers)
    tree.mount(one.to, layer_of(one.source));
  return tree;
}

/// A launch's words are right, or it ends without us.
std::string text_in(const nlohmann::json& json, const char* name) {
  return json.is_object() ? json.value(name, std::string()) : std::string();
}

/// Where the program's variables lead hooks.
std::vector<std::string> places_led_to(const std::vector<std::string>& environment) {
  std::vector<std::string> places;
  for (const std::string& variable : environment)
    for (const std::string_view name : kLeading)
      if (variable.starts_with(std::string(name) + "="))
        for (std::string& place : directories_in(variable.substr(name.size() + 1)))
          places.push_back(std::move(place));
  return places;
}

/// What the launcher has opened, and what will lie on it.
Result<Parts> open_parts(const ImageLook& look) {
  Parts parts;
  for (std::size_t i = 0; i < look.images; ++i) {
    const auto source = source_of(kFirstImage + static_cast<int>(i));
    if (!source) return source.error();
    parts.layers.push_back(*source);
  }
  if (!look.changes.empty()) parts.changes = open_source(look.changes + "/upper", parts);
  const auto state = nlohmann::json::parse(look.state, nullptr, false);
  if (!state.is_object() || !state.contains("mounts")) return parts;
  for (const auto& one : state.at("mounts"))
    parts.covers.push_back(
        {text_in(one, "destination"), open_source(text_in(one, "source"), parts)});
  for (const auto& to : state.value("covered", std::vector<std::string>()))
    parts.covers.push_back({to});
  std::erase_if(parts.covers, [](const Cover& one) { return !one.to.starts_with('/'); });
  return parts;
}

}  // namespace

Result<std::unique_ptr<TreeApart>> open_image_tree(const ImageLook& look) {
  const auto opened = open_parts(look);
  if (!opened) return opened.error();
  const Parts& parts = *opened;
  std::vector<int> kept;
  std::vector<int> directories;
  for (const Source& source : parts.all()) {
    kept.push_back(source.fd);
    if (S_ISDIR(source.kind)) directories.push_back(source.fd);
  }
  return TreeApart::start([&] { return make_tree(parts); }, kept, directories);
}

std::vector<std::string> places_seen(const ImageLook& look,
                                     const std::vector<std::string>& libraries,
                                     const Tree& node) {
  std::vector<std::string> places = {"/etc/ld.so.cache"};
  places.insert(places.end(), libraries.begin(), libraries.end());
  for (const std::string& place : node.places_read())
    places.push_back(place);
  const auto state = nlohmann::json::parse(look.state, nullptr, false);
  if (!state.is_object() || !state.contains("mounts")) return places;
  const auto led_to = places_led_to(program_environment(look.state));
  for (const auto& one : state.at("mounts")) {
    const std::string to = text_in(one, "destination");
    const std::string from = text_in(one, "source");
    for (const char* below : {"", "/lib", "/lib64"})
      if (!is_peoples(to)) places.push_back(from + below);
    for (const std::string& place : led_to)
      if (is_below(place, to)) places.push_back(from + place.substr(to.size()));
  }
  return places;
}

Tree tree_of_directory(int fd) {
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(layer_of_directory(fd));
  return Tree(std::move(layers));
}

std::vector<std::string> program_environment(const std::string& state) {
  const auto json = nlohmann::json::parse(state, nullptr, false);
  if (!json.is_object() || !json.contains("process")) return {};
  return json.at("process").value("env", std::vector<std::string>());
}

BoundedMemory::BoundedMemory() {
  constexpr rlim_t kMost = 512UL << 20;
  if (::getrlimit(RLIMIT_DATA, &before_) != 0) return;
  const rlimit limit{std::min(kMost, before_.rlim_cur), before_.rlim_max};
  (void)::setrlimit(RLIMIT_DATA, &limit);  // less than before is never refused
}

BoundedMemory::~BoundedMemory() {
  (void)::setrlimit(RLIMIT_DATA, &before_);  // not above the hard one
}

}  // namespace berth::hooks
