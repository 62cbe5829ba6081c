// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/plan/parts.h"

#include <algorithm>
#include <array>

namespace berth::plan {

namespace {

bool is_within(const std::string& path, const std::string& tree) {
  return path == tree || (path.starts_with(tree) && path[tree.size()] == '/') || tree == "/";
}

constexpr std::array<const char*, 11> kOwned = {"/usr",
                                                "/bin",
                                                "/sbin",
                                                "/lib",
                                                "/lib32",
                                                "/lib64",
                                                "/libx32",
                                                "/etc",
                                                "/opt",
                                                "/boot",
                                                "/run"};

/// Directories that hold the image's programs: the host's in their place would hide them all.
bool is_of_image(const std::string& path) {
  return path == "/" || path == "/var" || path == "/root" ||
         std::find(kOwned.begin(), kOwned.end(), path) != kOwned.end();
}

bool exists(const Facts& facts, const std::string& path) {
  const auto& all = facts.directories;
  return std::find(all.begin(), all.end(), path) != all.end();
}

/// Shows a host directory at its own place unless that is done already, impossible or harmful.
void show(std::vector<Bind>& binds,
          const Facts& facts,
          const std::string& path,
          bool (*is_harmful)(const std::string&) = belongs_to_image) {
  const std::string normal = normal_path(path);
  if (normal.empty() || is_shown(normal, binds) || is_harmful(normal)) return;
  if (exists(facts, path)) binds.push_back({normal, normal, false});
}

/// A home of "/" or none at all, as system users have them, holds nobody's files.
bool is_in_home(const Facts& facts) {
  const std::string home = normal_path(facts.home);
  return !home.empty() && home != "/" && is_within(facts.cwd, home);
}

Result<Bind> user_bind(const Bind& asked, const Facts& facts) {
  Bind bind = asked;
  // Where the current directory has no name, the kernel finds a relative source all the same.
  if (!bind.from.starts_with('/') && !facts.cwd.empty()) bind.from = facts.cwd + "/" + bind.from;
  bind.to = normal_path(asked.to);
  if (bind.to.empty() || bind.to == "/")
    return Error{Blame::usage,
                 "bind " + quote(asked.from) + " to " + quote(asked.to),
                 {},
                 "name a place below '/' without '..'"};
  return bind;
}

std::ptrdiff_t depth_of(const Bind& bind) {
  return std::count(bind.to.begin(), bind.to.end(), '/');
}

}  // namespace

std::string normal_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return {};
  std::string normal;
  for (const std::string& part : split(path, '/')) {
    if (part == "..") return {};
    if (!part.empty() && part != ".") normal += "/" + part;
  }
  return normal.empty() ? "/" : normal;
}

bool belongs_to_image(const std::string& path) {
  return is_of_image(path) || std::any_of(kOwned.begin(), kOwned.end(), [&](const char* owned) {
           return is_within(path, owned);
         });
}

bool is_shown(const std::string& path, const std::vector<Bind>& binds) {
  return std::any_of(binds.begin(), binds.end(), [&](const Bind& bind) {
    return bind.from == bind.to && is_within(path, bind.to);
  });
}

Result<std::vector<Bind>> choose_binds(const Request& request, const Facts& facts) {
  std::vector<Bind> binds;
  for (const char* system : {"/proc", "/sys", "/dev"})
    if (exists(facts, system)) binds.push_back({system, system, false});
  show(binds, facts, "/tmp");
  // A job's directories may lie below /run or /opt, where nothing of the image is in the way.
  for (const std::string& directory : facts.rank.directories)
    show(binds, facts, directory, is_of_image);
  if (request.home == Home::host) show(binds, facts, facts.home);
  if (request.home == Home::host || !is_in_home(facts)) show(binds, facts, facts.cwd);
  for (const Bind& asked : request.binds) {
    auto bind = user_bind(asked, facts);
    if (!bind) return std::move(bind.error());
    std::erase_if(binds, [&](const Bind& earlier) { return earlier.to == bind->to; });
    binds.push_back(std::move(*bind));
  }
  std::stable_sort(binds.begin(), binds.end(), [](const Bind& a, const Bind& b) {
    return depth_of(a) < depth_of(b);
  });
  return binds;
}

}  // namespace berth::plan
