// SPDX-License-Identifier: Apache-2.0
#include "hooks/peoples.h"

#include "base/text.h"

#include <algorithm>

namespace berth::hooks {

std::vector<std::string> directories_in(std::string_view value) {
  std::vector<std::string> directories = split(std::string(value), ':');
  std::erase_if(directories, [](const std::string& one) { return !one.starts_with('/'); });
  return directories;
}

bool is_below(std::string_view path, std::string_view tree) {
  return path.starts_with(tree) &&
         (path.size() == tree.size() || tree == "/" || path[tree.size()] == '/');
}

bool is_peoples(std::string_view path) {
  constexpr std::array<std::string_view, 11> kTrees = {
      "/dev", "/home", "/media", "/mnt", "/proc", "/root", "/run", "/srv", "/sys", "/tmp", "/var"};
  return path.find("/..") == path.npos &&
         std::any_of(kTrees.begin(), kTrees.end(), [&](std::string_view tree) {
           return is_below(path, tree);
         });
}

}  // namespace berth::hooks
