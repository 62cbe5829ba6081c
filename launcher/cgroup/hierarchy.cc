// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/hierarchy.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 16U << 20U;

/// A mount of a hierarchy.
struct Mount {
  bool is_unified = false;
  std::string root;  ///< the group that is shown
  std::string at;
  std::vector<std::string> options;  ///< of the file system: its controllers are among them
};

/// Blanks and such stand as \040 there.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_octal = text[i] == '\\' && i + 3 < text.size() &&
                          text.substr(i + 1, 3).find_first_not_of("01234567") == text.npos;
    if (!is_octal) {
      out += text[i];
      continue;
    }
    out +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
    i += 3;
  }
  return out;
}

/// proc(5): "30 22 0:27 ROOT AT OPTIONS ... - TYPE SOURCE OPTIONS".
std::optional<Mount> parse_mount(const std::string& line) {
  const auto fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 5 || fields.end() - dash < 4) return std::nullopt;
  const std::string& type = dash[1];
  if (type != "cgroup" && type != "cgroup2") return std::nullopt;
  return Mount{type == "cgroup2", unescaped(fields[3]), unescaped(fields[4]), split(dash[3], ',')};
}

/// Where `path` of the hierarchy is to be seen at that mount; "" where it is not.
std::string place_at(const Mount& mount, const std::string& path) {
  const std::string root = mount.root == "/" ? "" : mount.root;
  const bool is_below =
      path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  if (!is_below || path.find("/..") != path.npos) return {};
  const std::string rest = path.substr(root.size());
  return rest == "/" ? mount.at : mount.at + rest;
}

bool is_of(const Mount& mount, bool is_unified, const std::vector<std::string>& controllers) {
  if (mount.is_unified != is_unified) return false;
  return std::all_of(controllers.begin(), controllers.end(), [&](const std::string& one) {
    return std::find(mount.options.begin(), mount.options.end(), one) != mount.options.end();
  });
}

bool may(const std::string& path, int how) {
  return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
}

/// The kernel asks who may make directories, and who may write the list of processes.
bool may_make_groups(const std::string& directory) {
  return may(directory, W_OK | X_OK) && may(directory + "/cgroup.procs", W_OK);
}

/// In it and ours; of several the first by name.
std::string directory_of_ours(const std::string& place) {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(place.c_str()), ::closedir);
  if (!all) return {};
  std::vector<std::string> ours;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
  while (const dirent* entry = ::readdir(all.get())) {
    const std::string_view name = entry->d_name;

    struct stat info {};

    if (entry->d_type != DT_DIR || name.front() == '.' || name.starts_with(kGroupPrefix)) continue;
    const std::string path = place + "/" + entry->d_name;
    const bool is_ours = ::stat(path.c_str(), &info) == 0 && info.st_uid == ::geteuid();
    if (is_ours && may_make_groups(path)) ours.push_back(path);
  }
  return ours.empty() ? "" : *std::min_element(ours.begin(), ours.end());
}

std::vector<std::string> words_in(const std::string& file) {
  std::vector<std::string> words;
  const auto text = read_text_file(file, kMostText);
  if (!text) return words;
  for (const std::string& line : split(*text, '\n'))
    for (const std::string& word : split(line, ' '))
      if (!word.empty()) words.push_back(word);
  return words;
}

Ground find_unified_ground(const Hierarchy& hierarchy) {
  Ground ground{true, {}, hierarchy.place};
  std::string parent = hierarchy.place;
  bool is_in_leaf = false;
  while (parent.ends_with("/" + std::string(kLeaf))) {
    parent.resize(parent.rfind('/'));
    is_in_leaf = true;
  }
  ground.controllers = words_in(parent + "/cgroup.controllers");
  if (!may_make_groups(parent) || !may(parent + "/cgroup.subtree_control", W_OK)) return ground;
  ground.parent = parent;
  // The root of all, which lacks this file, may have processes and hand on controllers.
  const bool is_root = !may(parent + "/cgroup.type", F_OK);
  if (!is_root && !is_in_leaf) ground.leaf = parent + "/" + std::string(kLeaf);
  return ground;
}

}  // namespace

std::vector<Hierarchy> parse_hierarchies(std::string_view groups, std::string_view mounts) {
  std::vector<Mount> mounted;
  for (const std::string& line : split(mounts, '\n'))
    if (auto mount = parse_mount(line)) mounted.push_back(std::move(*mount));
  std::vector<Hierarchy> found;
  for (const std::string& line : split(groups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string list = line.substr(first + 1, second - first - 1);
    Hierarchy one;
    one.is_unified = list.empty();
    if (!one.is_unified) one.controllers = split(list, ',');
    if (list.starts_with("name=")) continue;
    bool is_mounted = false;
    for (const Mount& mount : mounted) {
      if (!one.place.empty() || !is_of(mount, one.is_unified, one.controllers)) continue;
      is_mounted = true;
      one.place = place_at(mount, line.substr(second + 1));
    }
    if (is_mounted) found.push_back(std::move(one));
  }
  return found;
}

std::vector<Hierarchy> read_hierarchies(pid_t pid) {
  const std::string who = pid == 0 ? "self" : std::to_string(pid);
  const auto groups = read_text_file("/proc/" + who + "/cgroup", kMostText);
  const auto mounts = read_text_file("/proc/self/mountinfo", kMostText);
  if (!groups || !mounts) return {};
  return parse_hierarchies(*groups, *mounts);
}

Ground find_ground(const Hierarchy& hierarchy) {
  if (hierarchy.place.empty()) return {hierarchy.is_unified, hierarchy.controllers, ""};
  if (hierarchy.is_unified) return find_unified_ground(hierarchy);
  Ground ground{false, hierarchy.controllers, hierarchy.place};
  ground.parent =
      may_make_groups(hierarchy.place) ? hierarchy.place : directory_of_ours(hierarchy.place);
  return ground;
}

std::vector<Ground> find_grounds(const std::vector<Hierarchy>& hierarchies) {
  std::vector<Ground> grounds;
  grounds.reserve(hierarchies.size());
  for (const Hierarchy& one : hierarchies)
    grounds.push_back(find_ground(one));
  return grounds;
}

}  // namespace berth::cgroup
