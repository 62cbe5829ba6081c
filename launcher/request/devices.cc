// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/devices.h"

#include "base/text.h"
#include "hooks/name.h"

#include <vector>

namespace berth::request {

namespace {

bool are_rights(const std::string& text) {
  return !text.empty() && text.find_first_not_of("rwm") == std::string::npos;
}

/// The last field may be rights: they are a control group's to give, and the node's file says what
/// this user may.
std::vector<std::string> places_in(const std::string& value) {
  std::vector<std::string> parts = split(value, ':');
  if (parts.size() > 1 && are_rights(parts.back())) parts.pop_back();
  return parts;
}

}  // namespace

Status add_device(Request& request, const std::string& value) {
  if (hooks::looks_like_device_name(value)) {
    if (const auto name = hooks::parse_device_name(value); !name) return name.error();
  } else {
    const auto places = places_in(value);
    const bool is_good = places.size() <= 2 && places.front().starts_with('/') &&
                         places.back().starts_with('/') && places.back() != "/" &&
                         value.find("/../") == std::string::npos && !value.ends_with("/..");
    if (!is_good)
      return Error{Blame::usage,
                   "use " + quote(value) + " as a device",
                   {},
                   "write VENDOR/CLASS=NAME, or PATH[:PATH_INSIDE], both beginning with '/' and "
                   "without '..'"};
  }
  request.devices.push_back(value);
  return Done{};
}

Status set_gpus(Request& request, const std::string& value) {
  if (const auto wanted = hooks::parse_gpus(value); !wanted) return wanted.error();
  request.gpus = value;
  return Done{};
}

Bind bind_of_device(const std::string& value) {
  const auto places = places_in(value);
  return {places.front(), places.back()};
}

Status set_dev(Request& request, const std::string& value) {
  if (value != "host" && value != "minimal")
    return Error{Blame::usage, "use " + quote(value) + " as --dev", {}, "write host or minimal"};
  request.dev = value == "host" ? Dev::host : Dev::minimal;
  return Done{};
}

}  // namespace berth::request
