// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

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

/// Whether the user asks for an empty file system above `path`, which can have a place made in it.
bool will_be_emptied(const std::string& path, const Request& request) {
  return std::any_of(request.binds.begin(), request.binds.end(), [&](const Bind& asked) {
    const bool is_writable = (asked.flags.set & MOUNT_ATTR_RDONLY) == 0;
    return asked.origin == Origin::own && asked.from == "tmpfs" && is_writable &&
           is_within(path, normal_path(asked.to));
  });
}

/// Shows a host directory at its own place unless that is done already, impossible or harmful.
void show(std::vector<Bind>& binds,
          const Request& request,
          const Facts& facts,
          const std::string& path,
          bool (*is_harmful)(const std::string&) = belongs_to_image) {
  const Bind bind{normal_path(path), normal_path(path)};
  if (bind.to.empty() || is_harmful(bind.to) || !exists(facts, path)) return;
  const bool is_there = std::find(binds.begin(), binds.end(), bind) != binds.end();
  if (!is_there && (!is_shown(bind.to, binds) || will_be_emptied(bind.to, request)))
    binds.push_back(bind);
}

/// A home of "/" or none at all, as system users have them, holds nobody's files.
bool is_in_home(const Facts& facts) {
  const std::string home = normal_path(facts.home);
  return !home.empty() && home != "/" && is_within(facts.cwd, home);
}

/// Whether `path`, which lies in `bind`, is hidden by something else on a place between.
bool is_covered(const std::string& path, const Bind& bind, const std::vector<Bind>& binds) {
  return std::any_of(binds.begin(), binds.end(), [&](const Bind& other) {
    return (other.origin != Origin::host || other.from != other.to) && is_within(path, other.to) &&
           is_within(other.to, bind.to);
  });
}

Result<Bind> user_bind(const Bind& asked, const Facts& facts) {
  Bind bind = asked;
  // Where the current directory has no name, the kernel finds a relative source all the same.
  const bool is_path = bind.origin == Origin::host;
  if (is_path && !bind.from.starts_with('/') && !facts.cwd.empty())
    bind.from = facts.cwd + "/" + bind.from;
  bind.to = normal_path(asked.to);
  if (bind.to.empty() || bind.to == "/")
    return Error{Blame::usage,
                 goal_of(AttachTree{0, asked.from, asked.to, asked.origin}),
                 {},
                 "name a place below '/' without '..'"};
  return bind;
}

/// A /tmp of the container's own is as if the user had asked for it. Where he asks for another,
/// that takes the place of the node's.
Request with_own_tmp(Request request) {
  std::vector<Bind>& binds = request.binds;
  const bool has_another = std::any_of(binds.begin(), binds.end(), [](const Bind& asked) {
    return normal_path(asked.to) == "/tmp";
  });
  const MountFlags flags{.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
  if (!has_another)
    binds.insert(binds.begin(), {"tmpfs", "/tmp", flags, Origin::own, {{"mode", "1777"}}});
  request.tmp = has_another ? Tmp::host : Tmp::none;
  return request;
}

/// What the runtime specification has every container have (config-linux.md, "Default Devices"),
/// and what ranks talk through.
void use_usual_devices(std::vector<Bind>& binds, const Request& request, const Facts& facts) {
  std::erase_if(binds, [](const Bind& bind) { return bind.to == "/dev"; });
  binds.push_back({"tmpfs", "/dev", kNoRights, Origin::own, {{"mode", "0755"}, {"size", "65536"}}});
  for (const char* device :
       {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"})
    binds.push_back({device, device});
  constexpr MountFlags kTerminals{.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
  binds.push_back(
      {"devpts", "/dev/pts", kTerminals, Origin::own, {{"mode", "0620"}, {"ptmxmode", "0666"}}});
  for (const char* shared : {"/dev/shm", "/dev/mqueue"})
    if (!request.own_ipc && exists(facts, shared)) binds.push_back({shared, shared});
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
    return bind.origin == Origin::host && bind.from == bind.to && is_within(path, bind.to) &&
           !is_covered(path, bind, binds);
  });
}

bool is_masked(const std::string& path, const Request& request) {
  return std::any_of(request.masked.begin(), request.masked.end(), [&](const std::string& place) {
    return is_within(path, normal_path(place));
  });
}

Result<std::vector<Bind>> choose_binds(const Request& request, const Facts& facts) {
  // Most launches need no copy of what was asked for.
  if (request.tmp == Tmp::own) return choose_binds(with_own_tmp(request), facts);
  std::vector<Bind> binds;
  for (const char* system : {"/proc", "/sys", "/dev"})
    if (exists(facts, system)) binds.push_back({system, system});
  if (request.dev == Dev::minimal) use_usual_devices(binds, request, facts);
  if (request.tmp == Tmp::host) show(binds, request, facts, "/tmp");
  // A job's directories may lie below /run or /opt, where nothing of the image is in the way.
  for (const std::string& directory : facts.rank.directories)
    show(binds, request, facts, directory, is_of_image);
  if (request.home == Home::host) show(binds, request, facts, facts.home);
  const bool may_show = request.home == Home::host || !is_in_home(facts);
  if (may_show && request.cwd == Cwd::host) show(binds, request, facts, facts.cwd);
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
