// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/loader.h"

#include "base/text.h"

#include <array>
#include <utility>

namespace berth::hooks {

namespace {

#if defined(__x86_64__)
constexpr const char* kTriplet = "x86_64-linux-gnu";
#else
constexpr const char* kTriplet = "aarch64-linux-gnu";
#endif

/// Of Debian's loader and of others'. What is not there costs a look.
std::vector<std::string> usual_directories() {
  return {std::string("/lib/") + kTriplet,
          std::string("/usr/lib/") + kTriplet,
          "/lib64",
          "/usr/lib64",
          "/lib",
          "/usr/lib"};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// Where a library's own words have others looked for.
std::vector<std::string> own_directories(const FoundLibrary& asker) {
  const Elf& elf = *asker.elf;
  std::vector<std::string> all;
  for (std::string one : split(elf.runpath.empty() ? elf.rpath : elf.runpath, ':')) {
    for (const char* origin : {"${ORIGIN}", "$ORIGIN"})
      one = replaced(std::move(one), origin, directory_of(asker.path));
    if (one.starts_with('/') && one.find('$') == one.npos) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::string path_in(const std::string& directory, std::string_view name) {
  std::string path = directory;
  path += '/';
  path += name;
  return path;
}

std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::string name_of_file(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Loader::Loader(Tree& tree, std::vector<std::string> first) : tree_(tree), first_(std::move(first)) {
  for (Library& library : tree_.loader_cache())
    cache_.emplace(std::move(library.name), std::move(library.path));
}

std::optional<FoundLibrary> Loader::at(const std::string& path) {
  auto file = tree_.find_file(path);
  const Elf* elf = file ? tree_.elf(*file) : nullptr;
  if (elf == nullptr) return std::nullopt;
  return FoundLibrary{std::move(*file), elf, directory_of(path)};
}

std::optional<FoundLibrary> Loader::find(const std::string& soname, const FoundLibrary* asker) {
  // A name with a directory is no matter of looking up, and an empty one leads to a directory.
  if (soname.empty() || soname.find('/') != soname.npos) return std::nullopt;
  if (asker != nullptr) {
    for (const std::string& directory : own_directories(*asker))
      if (auto found = at(path_in(directory, soname))) return found;
    return find(soname);
  }
  const auto known = found_.find(soname);
  if (known != found_.end()) return known->second;
  std::optional<FoundLibrary> found;
  for (const std::string& directory : first_)
    if (!found) found = at(path_in(directory, soname));
  const auto [begin, end] = cache_.equal_range(soname);
  for (auto one = begin; one != end && !found; ++one)
    found = at(one->second);
  for (const std::string& directory : usual_directories())
    if (!found) found = at(path_in(directory, soname));
  found_.emplace(soname, found);
  return found;
}

std::vector<std::string> Loader::cached_directories(const std::string& soname) const {
  std::vector<std::string> all;
  const auto [begin, end] = cache_.equal_range(soname);
  for (auto one = begin; one != end; ++one)
    all.push_back(directory_of(one->second));
  return all;
}

}  // namespace berth::hooks
