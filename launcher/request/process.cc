// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/process.h"

#include "base/signals.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace berth::request {

namespace {

using Values = std::vector<std::string>;

/// Nothing else may stand in the text.
template <class Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number, base);
  if (trouble != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> bound_in(std::string_view text) {
  if (text == "unlimited" || text == "-1") return RLIM_INFINITY;
  return number_in<std::uint64_t>(text);
}

std::string bound_text(std::uint64_t bound) {
  return bound == RLIM_INFINITY ? "unlimited" : std::to_string(bound);
}

Error bad_limit(const std::string& text, std::string hint) {
  return {Blame::usage, "use " + quote(text) + " as a limit", {}, std::move(hint)};
}

/// A later one of the same resource takes the place of an earlier one. "host" stands for the
/// caller's limits, which hold anyway.
Status set_limit(Request& request, const std::string& value) {
  if (value == "host") {
    request.limits.clear();
    return Done{};
  }
  const auto limit = parse_limit(value);
  if (!limit) return limit.error();
  std::erase_if(request.limits,
                [&](const Limit& earlier) { return earlier.resource == limit->resource; });
  request.limits.push_back(*limit);
  return Done{};
}

Values limits_of(const Request& request) {
  Values values;
  for (const Limit& limit : request.limits)
    values.push_back(to_limit_text(limit));
  return values;
}

Status set_umask(Request& request, const std::string& value) {
  constexpr unsigned kAllRights = 0777;
  const auto mask = number_in<unsigned>(value, 8);
  if (!mask || *mask > kAllRights)
    return Error{Blame::usage,
                 "use " + quote(value) + " as a umask",
                 {},
                 "write up to three octal digits: --umask 027"};
  request.umask = *mask;
  return Done{};
}

Values umask_of(const Request& request) {
  if (!request.umask) return {};
  std::string digits;
  for (const unsigned shift : {6U, 3U, 0U})
    digits += static_cast<char>('0' + ((*request.umask >> shift) & 7U));
  return {digits};
}

Status set_timeout(Request& request, const std::string& value) {
  const auto seconds = parse_duration(value);
  if (!seconds) return seconds.error();
  request.timeout = *seconds;
  return Done{};
}

Status set_stop_timeout(Request& request, const std::string& value) {
  const auto seconds = parse_duration(value);
  if (!seconds) return seconds.error();
  request.stop_timeout = *seconds;
  return Done{};
}

Status set_stop_signal(Request& request, const std::string& value) {
  request.stop_signal = signal_number(value);
  if (!request.stop_signal)
    return Error{Blame::usage,
                 "use " + quote(value) + " as a signal",
                 {},
                 "write a name or a number: --stop-signal SIGINT"};
  return Done{};
}

/// Whether it can be one is asked where it becomes the name of files.
Status set_name(Request& request, const std::string& value) {
  if (value.empty()) return Error{Blame::usage, "call a container ''", {}, "write --name NAME"};
  request.name = value;
  return Done{};
}

/// Nobody waits for the program: an init reaps its processes, and with a pid namespace all of them
/// end with it.
Status set_detach(Request& request, const std::string&) {
  request.is_detached = request.own_pids = request.with_init = true;
  return Done{};
}

}  // namespace

Result<std::uint64_t> parse_duration(const std::string& text) {
  static constexpr std::string_view kUnits = "smhd";
  static constexpr std::array<std::uint64_t, 4> kSeconds = {1, 60, 3600, 86400};
  constexpr std::uint64_t kMost = 1ULL << 40U;
  std::string_view digits = text;
  std::uint64_t unit = 1;
  if (const auto at = digits.empty() ? std::string_view::npos : kUnits.find(digits.back());
      at != std::string_view::npos) {
    unit = kSeconds.at(at);
    digits.remove_suffix(1);
  }
  const auto number = number_in<std::uint64_t>(digits);
  if (!number || *number > kMost)
    return Error{Blame::usage,
                 "use " + quote(text) + " as a time",
                 {},
                 "write a whole number of seconds, or one with m, h or d: 90, 10m"};
  return *number * unit;
}

Result<Limit> parse_limit(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto known = std::find_if(
      kResources.begin(), kResources.end(), [&](const auto& one) { return one.name == name; });
  if (equals == std::string::npos || known == kResources.end()) {
    Values names;
    for (const ResourceName& one : kResources)
      names.emplace_back(one.name);
    const std::string near = nearest(name, names);
    if (equals != std::string::npos && !near.empty())
      return bad_limit(text, "did you mean " + near + "?");
    return bad_limit(text, "write --ulimit NAME=SOFT[:HARD], and see man berth-run for the names");
  }
  const std::string bounds = text.substr(equals + 1);
  const std::size_t colon = bounds.find(':');
  const auto soft = bound_in(bounds.substr(0, colon));
  const auto hard = colon == std::string::npos ? soft : bound_in(bounds.substr(colon + 1));
  if (!soft || !hard)
    return bad_limit(text, "write whole numbers, or unlimited: --ulimit nofile=1024:4096");
  if (*soft > *hard) return bad_limit(text, "the first number cannot be above the second");
  return Limit{known->resource, *soft, *hard};
}

std::string to_limit_text(const Limit& limit) {
  const auto known = std::find_if(kResources.begin(), kResources.end(), [&](const auto& one) {
    return one.resource == limit.resource;
  });
  const std::string name(known == kResources.end() ? "" : known->name);
  return name + "=" + bound_text(limit.soft) + ":" + bound_text(limit.hard);
}

std::vector<Option> process_rows() {
  return {
      {{"ulimit", 0, "NAME=SOFT[:HARD]", "limit what the program may use"}, set_limit, limits_of},
      {{"timeout", 0, "DURATION", "stop the program after that time, e.g. 90 or 2h"},
       set_timeout,
       [](const Request& r) {
         return r.timeout != 0 ? Values{std::to_string(r.timeout)} : Values{};
       }},
      {{"stop-signal", 0, "SIGNAL", "what --timeout stops the program with"},
       set_stop_signal,
       [](const Request& r) {
         return r.stop_signal ? Values{std::to_string(*r.stop_signal)} : Values{};
       }},
      {{"stop-timeout", 0, "DURATION", "from the stop signal to SIGKILL; 10 seconds by default"},
       set_stop_timeout,
       [](const Request& r) {
         return r.stop_timeout ? Values{std::to_string(*r.stop_timeout)} : Values{};
       }},
      {{"tty", 't', "", "give the program a terminal of its own"},
       [](Request& r, const std::string&) -> Status {
         r.tty = true;
         return Done{};
       },
       [](const Request& r) { return r.tty ? Values{""} : Values{}; }},
      {{"interactive", 'i', "", "standard input is the caller's: so it is in any case"},
       [](Request&, const std::string&) -> Status { return Done{}; },
       [](const Request&) { return Values{}; }},
      {{"name", 0, "NAME", "call the container NAME, so that other verbs find it"},
       set_name,
       [](const Request& r) { return r.name.empty() ? Values{} : Values{r.name}; }},
      {{"detach", 'd', "", "print the container's name and leave it alone"},
       set_detach,
       [](const Request& r) { return r.is_detached ? Values{""} : Values{}; }},
      {{"rm", 0, "", "remove what is known of the container when it has ended"},
       [](Request& r, const std::string&) -> Status {
         r.leaves_nothing = true;
         return Done{};
       },
       [](const Request& r) { return r.leaves_nothing ? Values{""} : Values{}; }},
      {{"umask", 0, "OCTAL", "rights that new files do not get"}, set_umask, umask_of},
  };
}

}  // namespace berth::request
