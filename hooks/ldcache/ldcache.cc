// SPDX-License-Identifier: Apache-2.0
#include "hooks/ldcache/ldcache.h"

#include "base/text.h"
#include "hooks/ldcache/cache_file.h"
#include "hooks/mpi/loader.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace berth::hooks {

namespace {

constexpr const char* kCache = "/etc/ld.so.cache";
constexpr std::size_t kLargest = 16UL << 20;
constexpr std::size_t kMostInDirectory = 4096;

/// What the specifications of vendors have ldconfig(8) run for.
constexpr std::string_view kUpdates = "update-ldcache";

bool updates_cache(const Hook& hook) {
  return std::find(hook.words.begin(), hook.words.end(), kUpdates) != hook.words.end();
}

/// Directories that such a hook names: "--folder DIR", or "--folder=DIR".
std::vector<std::string> folders_of(const Hook& hook) {
  constexpr std::string_view kFolder = "--folder";
  std::vector<std::string> folders;
  for (std::size_t i = 0; i < hook.words.size(); ++i) {
    const std::string& word = hook.words[i];
    if (word == kFolder && i + 1 < hook.words.size()) folders.push_back(hook.words[i + 1]);
    if (word.starts_with(std::string(kFolder) + "="))
      folders.push_back(word.substr(kFolder.size() + 1));
  }
  return folders;
}

/// Of variables that lead the loader, too.
std::vector<std::string> folders_of(const Edits& edits) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH=";
  std::vector<std::string> folders;
  for (const auto* variables : {&edits.prepended, &edits.variables})
    for (const std::string& variable : *variables)
      if (variable.starts_with(kName))
        for (std::string& one : split(variable.substr(kName.size()), ':'))
          folders.push_back(std::move(one));
  return folders;
}

/// Without '.', '..', and a '/' at the end.
std::string plain(const std::string& path) {
  std::string text = std::filesystem::path(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/')
    text.pop_back();
  return text;
}

bool is_called_a_library(const std::string& path) {
  return name_of_file(path).find(".so") != std::string::npos;
}

bool is_in(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory == "/" ? "/" : directory + "/");
}

/// The libraries that mounts bring, by their places in the container.
class Brought {
 public:
  Brought(Tree& node, const std::vector<Edits>& others) : node_(&node) {
    for (const Edits& other : others)
      for (const Mount& mount : other.mounts)
        mounts_.push_back({mount.from, plain(mount.to), mount.type});
    for (const Mount& mount : mounts_)
      if (mount.type.empty() && !node_->find_directory(mount.from)) add_file(mount.from, mount.to);
  }

  /// Whether all that mounts bring into that directory of the container has been looked at.
  bool add_folder(const std::string& folder) {
    const auto known = folders_.find(plain(folder));
    if (known != folders_.end()) return known->second;
    return folders_[plain(folder)] = look_into(plain(folder));
  }

  [[nodiscard]] const std::vector<CacheEntry>& entries() const { return entries_; }

 private:
  bool look_into(const std::string& folder) {
    const Mount* above = nullptr;
    for (const Mount& mount : mounts_)
      if (is_in(folder, mount.to) && (above == nullptr || mount.to.size() >= above->to.size()))
        above = &mount;
    if (above == nullptr) return has_file_in(folder);
    if (!above->type.empty()) return false;
    const auto mounted = node_->find_directory(above->from);
    const std::string rest = above->to == "/" ? folder : folder.substr(above->to.size());
    const auto directory = mounted ? node_->find_directory(*mounted + rest) : std::nullopt;
    // A link of the node's may lead to another place in the container.
    if (!directory || !is_in(*directory, *mounted)) return false;
    auto names = node_->names_in(*directory);
    const bool is_whole = names.size() <= kMostInDirectory;
    names.resize(std::min(names.size(), kMostInDirectory));
    for (const std::string& name : names)
      add_file(path_in(*directory, name), path_in(folder, name));
    return is_whole;
  }

  /// A directory of the image's, then.
  [[nodiscard]] bool has_file_in(const std::string& folder) const {
    return std::any_of(mounts_.begin(), mounts_.end(), [&](const Mount& mount) {
      return mount.type.empty() && directory_of(mount.to) == folder;
    });
  }

  void add_file(const std::string& from, const std::string& to) {
    if (!is_called_a_library(to)) return;
    const auto file = node_->find_file(from);
    const Elf* elf = file ? node_->elf(*file) : nullptr;
    // A plug-in, which is opened by its path, may have none.
    if (elf == nullptr || elf->soname.empty() || elf->soname.find('/') != std::string::npos) return;
    if (names_.insert(elf->soname).second) entries_.push_back({own_kind(), elf->soname, to});
  }

  Tree* node_;
  std::vector<Mount> mounts_;
  std::map<std::string, bool> folders_;  ///< and whether they were looked at
  std::set<std::string> names_;
  std::vector<CacheEntry> entries_;
};

/// Whether it need not run: all its folders were looked at.
bool is_done(const Hook& hook, Brought& brought) {
  const auto folders = folders_of(hook);
  bool is_whole = true;
  for (const std::string& folder : folders)
    is_whole = brought.add_folder(folder) && is_whole;
  return is_whole;
}

/// Why the container's loader would not look at a cache; empty: it would.
std::string check_loader(Tree& image) {
  for (const char* loader : {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"})
    if (image.follow(loader)) return {};
  for (const char* musl : {"/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"})
    if (image.follow(musl)) return "the image's C library is musl, whose loader has no cache";
  return "the image has no loader that has a cache";
}

std::optional<CacheFile> cache_of(Tree& image) {
  const auto file = image.find_file(kCache);
  const auto bytes = file ? image.read(*file, kLargest) : std::nullopt;
  return bytes ? parse_cache(*bytes) : std::nullopt;
}

}  // namespace

Edits find_ldcache(std::vector<Edits>& others,
                   Tree& image,
                   Tree& node,
                   const std::string& kept_cache) {
  Edits edits{.who = "ldcache"};
  Brought brought(node, others);
  for (const Edits& other : others) {
    for (const std::string& folder : folders_of(other))
      brought.add_folder(folder);
    for (const Hook& hook : other.hooks)
      if (updates_cache(hook)) (void)is_done(hook, brought);
  }
  edits.says = check_loader(image);
  if (edits.says.empty() && brought.entries().empty()) edits.says = "no library is brought";
  if (edits.says.empty() && !kept_cache.empty()) {
    edits.says = "the cache that --overlay keeps stays as it is";
    edits.warning = "continuing without a new cache of the loader: " + quote(kept_cache) +
                    " is kept and goes before it; remove it to have one";
  }
  if (!edits.says.empty()) return edits;
  CacheFile file = cache_of(image).value_or(CacheFile());
  const std::size_t count = brought.entries().size();
  edits.says = std::to_string(count) + (count == 1 ? " library" : " libraries") +
               " besides the image's " + std::to_string(file.entries.size());
  put_in_front(file, brought.entries());
  edits.files.push_back({kCache, make_cache(file)});
  std::size_t left = 0;
  for (Edits& other : others) {
    std::erase_if(other.hooks,
                  [&](const Hook& hook) { return updates_cache(hook) && is_done(hook, brought); });
    left += static_cast<std::size_t>(
        std::count_if(other.hooks.begin(), other.hooks.end(), updates_cache));
  }
  if (left != 0) edits.says += ", but an update-ldcache of other directories stays";
  return edits;
}

}  // namespace berth::hooks
