// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/hook_memory.h"

#include "hooks/directory.h"
#include "hooks/name.h"
#include "launcher/cli/hook_state.h"
#include "launcher/request/devices.h"
#include "launcher/request/hooks.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <string_view>

namespace berth::cli {

namespace {

/// Where the user keeps what can be found out again (XDG Base Directory Specification).
std::string memory_place(const Session& session) {
  const std::string cache = variable(session, "XDG_CACHE_HOME");
  const std::string home = variable(session, "HOME");
  if (cache.starts_with('/')) return cache + "/berth/hooks";
  return home.starts_with('/') ? home + "/.cache/berth/hooks" : "";
}

constexpr std::array<const char*, 4> kDecisive = {
    "LD_LIBRARY_PATH", "OPAL_PREFIX", "PMIX_PREFIX", "PMIX_SERVER_URI"};

/// Whether it may be about a variable of that name; patterns may be about any.
bool concerns(const EnvChange& change, const std::string& name) {
  const std::string_view text = change.text;
  return text.substr(0, text.find('=')) == name || text.find('*') < text.find('=');
}

/// All that these variables come from but the image. What they come to is not known yet.
std::string variables_text(const Request& request, const Session& session) {
  std::string text = request.clean_env ? "clean\n" : "";
  for (const char* name : kDecisive) {
    text += variable(session, name) + "\n";
    for (const EnvChange& change : request.env)
      if (concerns(change, name))
        text += std::to_string(static_cast<int>(change.kind)) + change.text + "\n";
  }
  return text;
}

/// Where libraries are looked for whose names no variable gives.
constexpr std::array<std::string_view, 5> kLibraries = {"/usr", "/opt", "/lib", "/lib64", "/lib32"};

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path;
}

bool is_below(std::string_view path, std::string_view tree) {
  return path.starts_with(tree) && (path.size() == tree.size() || path[tree.size()] == '/');
}

/// How much of what decides such a place hides.
enum class Hides : unsigned char { nothing, something, too_much };

Hides hidden_by(const std::string& to) {
  constexpr std::array<std::string_view, 9> kWhole = {"/",
                                                      "/etc",
                                                      "/etc/ld.so.cache",
                                                      "/run",
                                                      "/usr/lib",
                                                      "/usr/lib64",
                                                      "/usr/local",
                                                      "/usr/lib/x86_64-linux-gnu",
                                                      "/usr/lib/aarch64-linux-gnu"};
  const auto is = [&](std::string_view one) { return to == one; };
  if (std::any_of(kWhole.begin(), kWhole.end(), is) ||
      std::any_of(kLibraries.begin(), kLibraries.end(), is) || to.find("/..") != to.npos)
    return Hides::too_much;
  return std::any_of(kLibraries.begin(),
                     kLibraries.end(),
                     [&](std::string_view one) { return is_below(to, one); })
             ? Hides::something
             : Hides::nothing;
}

/// Places that hide something, as text; nothing where they hide too much.
std::optional<std::string> places_text(const Request& request) {
  std::string text;
  for (const std::string& place : request.masked)
    if (hidden_by(without_slash(place)) != Hides::nothing) return std::nullopt;
  for (const Bind& bind : request.binds) {
    const Hides hides = hidden_by(without_slash(bind.to));
    if (hides == Hides::too_much) return std::nullopt;
    if (hides == Hides::something && bind.origin == Origin::host && !bind.from.starts_with('/'))
      return std::nullopt;
    if (hides == Hides::something)
      text += std::to_string(static_cast<int>(bind.origin)) + bind.from + ":" + bind.to + "\n";
  }
  return text;
}

/// What the hook of the fabric looks at of adapters, and how much memory may be locked for them.
std::string adapters_text() {
  std::string text;
  for (const std::string& name : hooks::names_in("/dev"))
    if (hooks::is_fabric_device(name)) text += name + "\n";
  for (const std::string& name : hooks::names_in("/dev/infiniband"))
    text += name + "\n";
  for (const std::string& name : hooks::names_in("/sys/class/infiniband")) {
    std::array<char, PATH_MAX> driver{};
    const std::string link = "/sys/class/infiniband/" + name + "/device/driver";
    if (::readlink(link.c_str(), driver.data(), driver.size() - 1) < 0) driver[0] = '\0';
    text += name + " " + driver.data() + "\n";
  }
  rlimit locked{RLIM_INFINITY, RLIM_INFINITY};
  (void)::getrlimit(RLIMIT_MEMLOCK, &locked);  // cannot fail
  return text + std::to_string(locked.rlim_cur) + "\n";
}

std::string mpi_text(const Request& request) {
  std::string text = request.mpi_hook + "\n";
  for (const std::string& library : request.mpi_libraries)
    text += library + "\n";
  return text;
}

std::string fabric_text(const Request& request) {
  std::string text = adapters_text();
  for (const std::string& word : request.own_hooks)
    if (hooks::own_name(word) == "fabric") text += word + "\n";
  return text;
}

/// What the job's launcher has left for its ranks, and whether the container has it anyway.
std::string pmi_text(const Launch& launch, const Session& session) {
  std::string text = launch.request.net == Net::host ? "host\n" : "own\n";
  std::string places;
  for (const char* name : {"PALS_SPOOL_DIR", "FLUX_URI"})
    places += variable(session, name);
  if (places.empty()) return text;
  for (const std::string& place : shown_of(launch))
    places += "\n" + place;
  return text + places + "\n";
}

/// Whether anybody but berth's own hooks may bring libraries.
bool asks_others(const Request& request) {
  return asks_programs(request) || !request.gpus.empty() ||
         std::any_of(request.devices.begin(), request.devices.end(), hooks::looks_like_device_name);
}

struct About {
  const Request& request;
  const Session& session;
  const std::vector<std::string>& contents;  ///< of the image
};

hooks::Memory memory_of_image(const std::string& hook, std::string key, const About& about) {
  const auto& contents = about.contents;
  const bool has_directory = std::any_of(
      contents.begin(), contents.end(), [](const auto& content) { return content.empty(); });
  const auto places = places_text(about.request);
  if (has_directory || !places || !about.request.overlay.empty()) return {"", hook, ""};
  key += *places + variables_text(about.request, about.session);
  for (const std::string& content : contents)
    key += content + "\n";
  return {memory_place(about.session), hook, key};
}

}  // namespace

bool is_in_the_way(const Request& request, const hooks::Edits& edits) {
  return std::any_of(request.binds.begin(), request.binds.end(), [&](const Bind& bind) {
    const std::string to = without_slash(bind.to);
    return hidden_by(to) == Hides::nothing &&
           std::any_of(edits.mounts.begin(), edits.mounts.end(), [&](const hooks::Mount& mount) {
             return is_below(mount.to, to);
           });
  });
}

std::vector<std::string> hooks_of_image(const Request& request) {
  std::vector<std::string> names;
  for (const char* name : {"fabric", "ldcache", "pmi"})
    if (request::wants_own(request, name)) names.emplace_back(name);
  if (request::wants_mpi(request)) names.emplace_back("mpi");
  return names;
}

hooks::Memory memory_of_hooks(const Launch& launch,
                              const Session& session,
                              const std::vector<std::string>& contents) {
  const Request& request = launch.request;
  // The loader's cache is made of all that others bring, and these are asked each time.
  if (request::wants_own(request, "ldcache") && asks_others(request)) return {"", "hooks", ""};
  std::string key;
  for (const std::string& name : hooks_of_image(request))
    key += name + "\n";
  if (request::wants_mpi(request)) key += mpi_text(request);
  if (request::wants_own(request, "fabric")) key += fabric_text(request);
  if (request::wants_own(request, "pmi")) key += pmi_text(launch, session);
  return memory_of_image("hooks", key, {request, session, contents});
}

hooks::Memory memory_of_facts(const Request& request,
                              const Session& session,
                              const std::vector<std::string>& contents) {
  return memory_of_image("facts", "", {request, session, contents});
}

}  // namespace berth::cli
