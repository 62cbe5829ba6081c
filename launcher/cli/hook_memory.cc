// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/hook_memory.h"

#include "hooks/directory.h"
#include "hooks/name.h"
#include "hooks/peoples.h"
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

/// Whether it may be about a variable of that name; patterns may be about any.
bool concerns(const EnvChange& change, std::string_view name) {
  const std::string_view text = change.text;
  return text.substr(0, text.find('=')) == name || text.find('*') < text.find('=');
}

/// All that the leading variables come from but the image. What they come to is not known yet.
std::string variables_text(const Request& request, const Session& session) {
  std::string text = request.clean_env ? "clean\n" : "";
  for (const std::string_view name : hooks::kLeading) {
    text += variable(session, name) + "\n";
    for (const EnvChange& change : request.env)
      if (concerns(change, name))
        text += std::to_string(static_cast<int>(change.kind)) + change.text + "\n";
  }
  return text;
}

/// Where they may lead, as far as the image does not say.
std::vector<std::string> places_led_to(const Request& request, const Session& session) {
  std::vector<std::string> places;
  const auto add = [&](std::string_view value) {
    for (std::string& place : hooks::directories_in(value))
      places.push_back(std::move(place));
  };
  for (const std::string_view name : hooks::kLeading) {
    add(variable(session, name));
    for (const EnvChange& change : request.env)
      if (concerns(change, name) && change.text.find('=') != std::string::npos)
        add(std::string_view(change.text).substr(change.text.find('=') + 1));
  }
  return places;
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path;
}

/// How much of what decides such a place hides.
enum class Hides : unsigned char { nothing, something, too_much };

Hides hidden_by(const std::string& to, const std::vector<std::string>& led_to) {
  constexpr std::array<std::string_view, 14> kWhole = {"/",
                                                       "/etc",
                                                       "/etc/ld.so.cache",
                                                       "/lib",
                                                       "/lib32",
                                                       "/lib64",
                                                       "/opt",
                                                       "/run",
                                                       "/usr",
                                                       "/usr/lib",
                                                       "/usr/lib64",
                                                       "/usr/lib/aarch64-linux-gnu",
                                                       "/usr/lib/x86_64-linux-gnu",
                                                       "/usr/local"};
  if (std::find(kWhole.begin(), kWhole.end(), to) != kWhole.end() || to.find("/..") != to.npos)
    return Hides::too_much;
  const bool is_led_to = std::any_of(led_to.begin(), led_to.end(), [&](const std::string& place) {
    return hooks::is_below(place, to) || hooks::is_below(to, place);
  });
  return hooks::is_peoples(to) && !is_led_to ? Hides::nothing : Hides::something;
}

/// Places that hide something, as text; nothing where they hide too much.
std::optional<std::string> places_text(const Request& request,
                                       const std::vector<std::string>& led_to) {
  std::string text;
  for (const std::string& place : request.masked)
    if (hidden_by(without_slash(place), led_to) != Hides::nothing) return std::nullopt;
  for (const Bind& bind : request.binds) {
    const Hides hides = hidden_by(without_slash(bind.to), led_to);
    if (hides == Hides::too_much) return std::nullopt;
    if (hides == Hides::something && bind.origin == Origin::host && !bind.from.starts_with('/'))
      return std::nullopt;
    if (hides == Hides::something)
      text += std::to_string(static_cast<int>(bind.origin)) + " " + std::to_string(bind.image) +
              " " + bind.from + ":" + bind.to + "\n";
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
  const auto places = places_text(about.request, places_led_to(about.request, about.session));
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
    return hooks::is_peoples(to) &&
           std::any_of(edits.mounts.begin(), edits.mounts.end(), [&](const hooks::Mount& mount) {
             return hooks::is_below(mount.to, to);
           });
  });
}

bool is_led_to_people(const std::vector<std::string>& environment) {
  return std::any_of(environment.begin(), environment.end(), [](const std::string& variable) {
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string_view name = std::string_view(variable).substr(0, equals);
    if (std::find(hooks::kLeading.begin(), hooks::kLeading.end(), name) == hooks::kLeading.end())
      return false;
    const auto places = hooks::directories_in(std::string_view(variable).substr(equals + 1));
    return std::any_of(places.begin(), places.end(), hooks::is_peoples);
  });
}

std::vector<std::string> hooks_of_image(const Request& request) {
  std::vector<std::string> names;
  for (const char* name : {"fabric", "ldcache", "pmi"})
    if (request::wants_own(request, name)) names.emplace_back(name);
  if (request::wants_mpi(request)) names.emplace_back("mpi");
  return names;
}

hooks::Memory memory_of_hooks(const Request& request,
                              const Session& session,
                              const std::vector<std::string>& contents) {
  // The loader's cache is made of all that others bring, and these are asked each time.
  if (request::wants_own(request, "ldcache") && asks_others(request)) return {"", "hooks", ""};
  std::string key;
  for (const std::string& name : hooks_of_image(request))
    key += name + "\n";
  if (request::wants_mpi(request)) key += mpi_text(request);
  if (request::wants_own(request, "fabric")) key += fabric_text(request);
  return memory_of_image("hooks", key, {request, session, contents});
}

hooks::Memory memory_of_facts(const Request& request,
                              const Session& session,
                              const std::vector<std::string>& contents) {
  return memory_of_image("facts", "", {request, session, contents});
}

}  // namespace berth::cli
