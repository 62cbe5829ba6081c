// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/into_image.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

constexpr int kFirstImage = 3;

Result<std::unique_ptr<Layer>> open_layer(int fd) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return refused("fstat", "look into the image", errno);
  if (S_ISDIR(info.st_mode)) return layer_of_directory(fd);
  return layer_of_image(fd);
}

}  // namespace

Result<Tree> open_image_tree(std::size_t count) {
  std::vector<std::unique_ptr<Layer>> layers;
  for (std::size_t i = count; i-- > 0;) {
    auto layer = open_layer(kFirstImage + static_cast<int>(i));
    if (!layer) return std::move(layer.error());
    layers.push_back(std::move(*layer));
  }
  return Tree(std::move(layers));
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
