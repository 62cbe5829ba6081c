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

/// Places that belong to the image: showing the host's there would break its programs.
bool belongs_to_image(const std::string& path) {
  static constexpr std::array<const char*, 11> kOwned = {"/usr",
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
  if (path == "/" || path == "/var" || path == "/home" || path == "/root") return path != "/home";
  return std::any_of(
      kOwned.begin(), kOwned.end(), [&](const char* owned) { return is_within(path, owned); });
}

bool exists(const Facts& facts, const std::string& path) {
  const auto& all = facts.directories;
  return std::find(all.begin(), all.end(), path) != all.end();
}

/// Shows a host directory at its own place unless that is done already, impossible or harmful.
void show(std::vector<Bind>& binds, const Facts& facts, const std::string& path) {
  const std::string normal = normal_path(path);
  if (normal.empty() || is_shown(normal, binds) || belongs_to_image(normal)) return;
  if (exists(facts, path)) binds.push_back({normal, normal, false});
}

Result<Bind> user_bind(const Bind& asked, const Facts& facts) {
  Bind bind = asked;
  if (bind.from.front() != '/') bind.from = facts.cwd + "/" + bind.from;
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
  for (const std::string& directory : facts.rank.directories)
    if (exists(facts, directory) && !is_shown(directory, binds))
      binds.push_back({directory, directory, false});
  if (request.home == Home::host) show(binds, facts, facts.home);
  if (!(request.home == Home::none && is_within(facts.cwd, facts.home)))
    show(binds, facts, facts.cwd);
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
