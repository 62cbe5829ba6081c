// SPDX-License-Identifier: Apache-2.0
#include "hooks/ldcache/ldcache.h"

#include "base/text.h"
#include "hooks/ldcache/cache_file.h"
#include "hooks/mpi/loader.h"

#include <algorithm>
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
  for (const std::string& variable : edits.prepended)
    if (variable.starts_with(kName))
      for (std::string& one : split(variable.substr(kName.size()), ':'))
        folders.push_back(std::move(one));
  return folders;
}

bool is_called_a_library(const std::string& path) {
  return name_of_file(path).find(".so") != std::string::npos;
}

/// The libraries that mounts bring, by their places in the container.
class Brought {
 public:
  explicit Brought(Tree& node) : node_(&node) {}

  void add(const Mount& mount, const std::set<std::string>& folders) {
    if (!mount.type.empty()) return;
    if (const auto directory = node_->find_directory(mount.from)) {
      if (folders.find(mount.to) == folders.end()) return;
      auto names = node_->names_in(*directory);
      names.resize(std::min(names.size(), kMostInDirectory));
      for (const std::string& name : names)
        add_file(path_in(*directory, name), path_in(mount.to, name));
    } else {
      add_file(mount.from, mount.to);
    }
  }

  [[nodiscard]] const std::vector<CacheEntry>& entries() const { return entries_; }

 private:
  void add_file(const std::string& from, const std::string& to) {
    if (!is_called_a_library(to)) return;
    const auto file = node_->find_file(from);
    const Elf* elf = file ? node_->elf(*file) : nullptr;
    // A plug-in, which is opened by its path, may have none.
    if (elf == nullptr || elf->soname.empty() || elf->soname.find('/') != std::string::npos) return;
    if (names_.insert(elf->soname).second) entries_.push_back({own_kind(), elf->soname, to});
  }

  Tree* node_;
  std::set<std::string> names_;
  std::vector<CacheEntry> entries_;
};

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

Edits find_ldcache(std::vector<Edits>& others, Tree& image, Tree& node) {
  Edits edits{.who = "ldcache"};
  std::set<std::string> folders;
  for (const Edits& other : others) {
    for (std::string& folder : folders_of(other))
      folders.insert(std::move(folder));
    for (const Hook& hook : other.hooks)
      if (updates_cache(hook))
        for (std::string& folder : folders_of(hook))
          folders.insert(std::move(folder));
  }
  Brought brought(node);
  for (const Edits& other : others)
    for (const Mount& mount : other.mounts)
      brought.add(mount, folders);
  edits.says = check_loader(image);
  if (edits.says.empty() && brought.entries().empty()) edits.says = "no library is brought";
  if (!edits.says.empty()) return edits;
  CacheFile file = cache_of(image).value_or(CacheFile());
  const std::size_t count = brought.entries().size();
  edits.says = std::to_string(count) + (count == 1 ? " library" : " libraries") +
               " besides the image's " + std::to_string(file.entries.size());
  put_in_front(file, brought.entries());
  edits.files.push_back({kCache, make_cache(file)});
  for (Edits& other : others)
    std::erase_if(other.hooks, updates_cache);
  return edits;
}

}  // namespace berth::hooks
