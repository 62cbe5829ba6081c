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
constexpr std::string_view kLatest = ":latest";
constexpr std::string_view kDigest = "@sha256:";
constexpr std::string_view kDocker = "docker.io/";
constexpr std::string_view kLibrary = "library/";

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '+' || c == '-' || c == ':' || c == '@';
}

bool is_file(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool is_directory(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool exists(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0;
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { (void)::closedir(folder); }  // only ever read
};

constexpr std::size_t kLongestName = 180;  // leaves room in a file name for what we add

/// '/' as a file name has it: no reference and no name that we make has a '%' in it.
constexpr char kSlash = '%';

bool is_name(const std::string& name) {
  if (name.size() > kLongestName) return false;
  for (const std::string& part : split(name, '/')) {
    if (part.empty() || part.front() == '.' || part.front() == '-' || part.front() == ':')
      return false;
  }
  return true;
}

/// The names of the images in `folder`, in order; none when it cannot be read.
std::vector<std::string> find_names(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (!open) return names;
  while (const dirent* entry =
             ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    std::string name = name_of_file(entry->d_name);
    if (!name.empty()) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The same name with another tag, or the one with the fewest edits if that is near.
std::string closest_to(const std::string& wanted, const std::vector<std::string>& names) {
  const std::string bare = wanted.substr(0, wanted.find(':', wanted.rfind('/') + 1));
  for (const std::string& name : names)
    if (name == bare || name.starts_with(bare + ":")) return name;
  return nearest(wanted, names);
}

}  // namespace

Result<std::string> folder_for(const Environment& environment) {
  if (!environment.store.empty()) return environment.store;
  if (environment.data_home.starts_with('/')) return environment.data_home + "/berth/images";
  if (!environment.home.empty()) return environment.home + "/.local/share/berth/images";
  return Error{Blame::config, "find the image store: HOME is not set", {}, "set BERTH_STORE"};
}

Result<std::string> path_for(const std::string& name, const Environment& environment) {
  if (!is_name(name))
    return Error{Blame::usage,
                 "take " + quote(name) + " as an image's name",
                 {},
                 "a name is like 'app', 'app:v1' or 'host/app:v1'; no part of it begins with '.' "
                 "or '-'"};
  auto folder = folder_for(environment);
  if (!folder) return std::move(folder.error());
  std::string file = short_name(name);
  std::replace(file.begin(), file.end(), '/', kSlash);
  return *folder + "/" + file + std::string(kSuffix);
}

std::string short_name(const std::string& name) {
  std::string rest = name;
  if (rest.starts_with(kDocker)) rest.erase(0, kDocker.size());
  if (rest.size() < name.size() && rest.starts_with(kLibrary)) rest.erase(0, kLibrary.size());
  const std::size_t digest = rest.find(kDigest);
  if (digest != std::string::npos)
    return rest.substr(0, std::min(digest, rest.find(':'))) + ":sha256-" +
           rest.substr(digest + kDigest.size(), 12);
  if (rest.size() > kLatest.size() && rest.ends_with(kLatest))
    rest.resize(rest.size() - kLatest.size());
  return rest;
}

std::string name_of_file(std::string_view file) {
  if (file.starts_with('.') || !file.ends_with(kSuffix)) return {};
  std::string name(file.substr(0, file.size() - kSuffix.size()));
  std::replace(name.begin(), name.end(), kSlash, '/');
  return name;
}

Result<std::string> find(const std::string& name_or_path, const Environment& environment) {
  if (name_or_path.starts_with('/') || name_or_path.starts_with("./") ||
      name_or_path.starts_with("../") || name_or_path.ends_with(kSuffix) || is_file(name_or_path))
    return name_or_path;
  auto path = path_for(name_or_path, environment);
  if (path && is_file(*path)) return path;
  if (path && is_directory(name_or_path)) return name_or_path;
  const std::size_t slash = name_or_path.rfind('/');
  if (slash != std::string::npos && exists(name_or_path.substr(0, slash))) return name_or_path;
  if (!path) return path;
  const std::string folder = path->substr(0, path->rfind('/'));
  const std::string close = closest_to(name_or_path, find_names(folder));
  return Error{Blame::image,
               "find image " + quote(name_or_path) + " here or in " + quote(folder),
               {},
               close.empty() ? "make it with 'berth import', or give the path of a .sqsh file"
                             : "did you mean " + quote(close) + "?"};
}

std::string name_for(const std::string& text) {
  std::string name;
  for (const std::string& raw : split(text, '/')) {
    std::string part;
    for (const char c : raw) {
      const char safe = is_safe(c) ? c : '-';
      if (!part.empty() || (safe != '.' && safe != '-' && safe != ':')) part += safe;
    }
    if (part.empty()) continue;
    if (!name.empty()) name += '/';
    name += part;
  }
  name.resize(std::min(name.size(), kLongestName));
  while (name.ends_with('/'))  // where it was cut
    name.pop_back();
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
