// SPDX-License-Identifier: Apache-2.0
#include "image/store/store.h"

#include "base/text.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

namespace berth::store {

namespace {

constexpr std::string_view kSuffix = ".sqsh";

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '+' || c == '-';
}

bool is_file(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { (void)::closedir(folder); }  // only ever read
};

/// The names of the images in `folder`, in order; none when it cannot be read.
std::vector<std::string> find_names(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (!open) return names;
  while (const dirent* entry =
             ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string_view file = entry->d_name;
    if (file.ends_with(kSuffix)) names.emplace_back(file.substr(0, file.size() - kSuffix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::string> folder_for(const Environment& environment) {
  if (!environment.store.empty()) return environment.store;
  if (environment.data_home.starts_with('/')) return environment.data_home + "/berth/images";
  if (!environment.home.empty()) return environment.home + "/.local/share/berth/images";
  return Error{Blame::config, "find the image store: HOME is not set", {}, "set BERTH_STORE"};
}

Result<std::string> path_for(const std::string& name, const Environment& environment) {
  if (name.empty() || name.front() == '.' || name.front() == '-' ||
      name.find('/') != std::string::npos)
    return Error{Blame::usage,
                 "take " + quote(name) + " as an image's name",
                 {},
                 "a name has no '/' and begins with neither '.' nor '-'"};
  auto folder = folder_for(environment);
  if (!folder) return std::move(folder.error());
  return *folder + "/" + name + std::string(kSuffix);
}

Result<std::string> find(const std::string& name_or_path, const Environment& environment) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(kSuffix) ||
      is_file(name_or_path))
    return name_or_path;
  auto path = path_for(name_or_path, environment);
  if (!path || is_file(*path)) return path;
  const std::string folder = path->substr(0, path->rfind('/'));
  const std::string close = nearest(name_or_path, find_names(folder));
  return Error{Blame::image,
               "find image " + quote(name_or_path) + " here or in " + quote(folder),
               {},
               close.empty() ? "make it with 'berth import', or give the path of a .sqsh file"
                             : "did you mean " + quote(close) + "?"};
}

std::string name_for(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (name.empty() && (c == '.' || c == '-' || !is_safe(c))) continue;
    name += is_safe(c) ? c : '-';
  }
  return name;
}

Status write_folder(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const std::string part = folder.substr(0, end);
    if (::mkdir(part.c_str(), 0777) != 0 && errno != EEXIST)
      return refused("mkdir", "make folder " + quote(part), errno);
    if (end == std::string::npos) return Done{};
  }
}

}  // namespace berth::store
