// SPDX-License-Identifier: Apache-2.0
#include "hooks/oci/directories.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "hooks/trust.h"
#include "image/settings/document.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>

namespace berth::hooks {

namespace {

constexpr std::string_view kEnding = ".json";

std::string in_small_letters(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

Status check_trust(int file, const std::string& path, uid_t user) {
  struct stat info {};

  if (::fstat(file, &info) != 0) return refused("fstat", "read " + quote(path), errno);
  if (is_trusted(info, user)) return Done{};
  return Error{Blame::config,
               "obey " + quote(path) + ": others can write it",
               {},
               "let only root, or only you, own and write it"};
}

/// By the order in which they are used, then as they are: the path of each.
using Files = std::map<std::pair<std::string, std::string>, std::string>;

Status add_directory(const std::string& path, const HookDirectories& directories, Files& files) {
  const std::string goal = "read " + quote(path);
  directories.listener(path);
  const auto place = find_trusted_directory(path, directories.user, "obey " + quote(path));
  if (!place && place.error().refusal && place.error().refusal->number == ENOENT) return Done{};
  if (!place) return place.error();
  UniqueFd folder(::open(place->c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.is_open()) return refused("open", goal, errno);
  BERTH_TRY(check_trust(folder.get(), path, directories.user));
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(folder.get()), ::closedir);
  if (!list) return refused("fdopendir", goal, errno);
  (void)folder.release();
  while (const dirent* entry =
             ::readdir(list.get())) {  // NOLINT(concurrency-mt-unsafe): one thread
    const std::string name = entry->d_name;
    if (!name.starts_with('.') && name.ends_with(kEnding))
      files[{in_small_letters(name), name}] = std::string(path).append("/").append(name);
  }
  return Done{};
}

Result<HookFile> read_hook_file(const std::string& path, const HookDirectories& directories) {
  directories.listener(path);
  const auto place = find_trusted_file(path, directories.user, "obey " + quote(path));
  if (!place) return place.error();
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const UniqueFd file(::open(place->c_str(), kFlags));
  if (!file.is_open()) return refused("open", "read " + quote(path), errno);
  BERTH_TRY(check_trust(file.get(), path, directories.user));
  auto text = read_text(file.get(), settings::kLargestFile, "read " + quote(path));
  if (!text) return std::move(text.error());
  return parse_hook_file(*text, path);
}

}  // namespace

bool is_named(const std::string& path, const std::vector<std::string>& names) {
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(kEnding)) name.resize(name.size() - kEnding.size());
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<std::vector<std::string>> find_hook_files(const HookDirectories& directories) {
  Files files;
  for (const std::string& path : directories.paths)
    BERTH_TRY(add_directory(path, directories, files));
  std::vector<std::string> all;
  for (const auto& [key, path] : files)
    all.push_back(path);
  return all;
}

Result<std::vector<Edits>> find_hooks(const HookDirectories& directories,
                                      const About& about,
                                      const std::vector<std::string>& without) {
  Files files;
  for (const std::string& path : directories.paths)
    BERTH_TRY(add_directory(path, directories, files));
  std::vector<Edits> all;
  for (const auto& [key, path] : files) {
    if (is_named(path, without)) continue;
    auto file = read_hook_file(path, directories);
    if (!file) return std::move(file.error());
    if (!is_for(file->when, about)) continue;
    Edits edits{.who = path};
    edits.hooks = std::move(file->hooks);
    all.push_back(std::move(edits));
  }
  return all;
}

}  // namespace berth::hooks
