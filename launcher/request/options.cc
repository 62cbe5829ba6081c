// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/options.h"

#include "base/text.h"

#include <array>
#include <charconv>

namespace berth::request {

namespace {

using Values = std::vector<std::string>;

/// A switch is present or absent; its text form has an empty value.
Values switch_values(bool on) {
  return on ? Values{""} : Values{};
}

Values if_given(const std::optional<std::string>& value) {
  return value ? Values{*value} : Values{};
}

Status add_bind(Request& request, const std::string& value) {
  auto bind = parse_bind(value);
  if (!bind) return bind.error();
  request.binds.push_back(std::move(*bind));
  return Done{};
}

Values binds_of(const Request& request) {
  Values values;
  for (const Bind& bind : request.binds)
    values.push_back(bind.from + ":" + bind.to + (bind.read_only ? ":ro" : ""));
  return values;
}

Status add_env(Request& request, const std::string& value) {
  if (value.empty() || value.front() == '=')
    return Error{
        Blame::usage, "use " + quote(value) + " as a variable", {}, "write --env NAME=VALUE"};
  request.env.push_back(value);
  return Done{};
}

Status set_workdir(Request& request, const std::string& value) {
  if (value.empty() || value.front() != '/')
    return Error{Blame::usage,
                 "work in " + quote(value),
                 {},
                 "--workdir is a place inside the container: begin it with '/'"};
  request.workdir = value;
  return Done{};
}

Status set_home(Request& request, const std::string& value) {
  if (value != "host" && value != "none")
    return Error{Blame::usage, "use " + quote(value) + " as --home", {}, "write host or none"};
  request.home = value == "host" ? Home::host : Home::none;
  return Done{};
}

Status set_share(Request& request, const std::string& value) {
  if (value == "auto")
    request.share = Share::automatic;
  else if (value == "node")
    request.share = Share::node;
  else if (value == "none")
    request.share = Share::none;
  else
    return Error{
        Blame::usage, "use " + quote(value) + " as --share", {}, "write auto, node or none"};
  return Done{};
}

Values share_of(const Request& request) {
  if (request.share == Share::automatic) return {};
  return {request.share == Share::node ? "node" : "none"};
}

Status set_overlay(Request& request, const std::string& value) {
  if (value.empty()) return Error{Blame::usage, "keep changes in ''", {}, "write --overlay DIR"};
  request.overlay = value;
  return Done{};
}

Status set_tmpfs_size(Request& request, const std::string& value) {
  auto bytes = parse_size(value);
  if (!bytes) return bytes.error();
  request.tmpfs_bytes = *bytes;
  return Done{};
}

Status set_record(Request& request, const std::string& value) {
  if (value.empty())
    return Error{Blame::usage, "record a launch profile in ''", {}, "name a new file"};
  request.record = value;
  return Done{};
}

/// A row whose field is a bool.
template <bool Request::*field>
Option switch_row(std::string_view name, char letter, std::string_view help) {
  return {{name, letter, "", help},
          [](Request& request, const std::string&) -> Status {
            request.*field = true;
            return Done{};
          },
          [](const Request& request) { return switch_values(request.*field); }};
}

std::vector<Option> make_table() {
  return {
      {{"bind", 'v', "SRC[:DST[:ro]]", "show SRC of this node at DST"}, add_bind, binds_of},
      {{"env", 'e', "NAME[=VALUE]", "set a variable, or take the caller's"},
       add_env,
       [](const Request& r) { return r.env; }},
      {{"env-file", 0, "FILE", "set variables from NAME=VALUE lines"},
       [](Request& r, const std::string& value) -> Status {
         r.env_files.push_back(value);
         return Done{};
       },
       [](const Request& r) { return r.env_files; }},
      switch_row<&Request::clean_env>("clean-env", 0, "take nothing of the caller's environment"),
      {{"workdir", 'w', "DIR", "begin in DIR of the container"},
       set_workdir,
       [](const Request& r) { return if_given(r.workdir); }},
      {{"home", 0, "host|none", "show the caller's home directory or not"},
       set_home,
       [](const Request& r) { return r.home == Home::none ? Values{"none"} : Values{}; }},
      {{"entrypoint", 0, "PROGRAM", "replace the image's entrypoint; empty for none"},
       [](Request& r, const std::string& value) -> Status {
         r.entrypoint = value;
         return Done{};
       },
       [](const Request& r) { return if_given(r.entrypoint); }},
      switch_row<&Request::read_only>("read-only", 0, "nothing can be written outside binds"),
      {{"tmpfs-size",
        0,
        "SIZE",
        "bound of what may be written, e.g. 512M; default half of the memory"},
       set_tmpfs_size,
       [](const Request& r) {
         return r.tmpfs_bytes != 0 ? Values{std::to_string(r.tmpfs_bytes)} : Values{};
       }},
      {{"overlay", 0, "DIR", "keep what the container changes in DIR"},
       set_overlay,
       [](const Request& r) { return r.overlay.empty() ? Values{} : Values{r.overlay}; }},
      switch_row<&Request::unverified>(
          "no-verify", 0, "compare nothing with the image's hash tree"),
      switch_row<&Request::as_root>("root", 0, "be uid 0 inside, with no right more than before"),
      {{"share", 0, "auto|node|none", "one container for the ranks of a node, or one each"},
       set_share,
       share_of},
      {{"record-profile",
        0,
        "FILE",
        "write down what is read of the image, for 'berth image optimize'"},
       set_record,
       [](const Request& r) { return r.record.empty() ? Values{} : Values{r.record}; }},
      switch_row<&Request::plan_only>("plan", 0, "print what would be done, and do nothing"),
      switch_row<&Request::help_only>("help", 'h', "print the options people use, and do nothing"),
      switch_row<&Request::verbose>("verbose", 0, "on failure, also print the step and the plan"),
      switch_row<&Request::quiet>("quiet", 'q', "print errors only"),
      {{"step-key", 0, "", ""},
       [](Request& r, const std::string& value) -> Status {
         r.step_key = value;
         return Done{};
       },
       [](const Request& r) { return r.step_key.empty() ? Values{} : Values{r.step_key}; }},
  };
}

}  // namespace

const std::vector<Option>& options() {
  static const std::vector<Option> table = make_table();
  return table;
}

Result<Bind> parse_bind(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  const std::string goal = "bind " + quote(text);
  const std::string hint = "write --bind SRC, SRC:DST or SRC:DST:ro";
  if (parts.size() > 3 || parts[0].empty()) return Error{Blame::usage, goal, {}, hint};
  Bind bind{parts[0], parts.size() > 1 && !parts[1].empty() ? parts[1] : parts[0], false};
  if (parts.size() == 3) {
    if (parts[2] != "ro" && parts[2] != "rw")
      return Error{Blame::usage, goal + ": unknown option " + quote(parts[2]), {}, hint};
    bind.read_only = parts[2] == "ro";
  }
  if (bind.to.front() != '/')
    return Error{Blame::usage,
                 goal,
                 {},
                 "the place inside the container must begin with '/': " + parts[0] + ":/PLACE"};
  return bind;
}

Result<std::uint64_t> parse_size(const std::string& text) {
  static constexpr std::string_view kUnits = "KMGT";
  const Error bad{
      Blame::usage, "use " + quote(text) + " as a size", {}, "write a number with K, M, G or T"};
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, value);
  if (trouble != std::errc{} || value == 0) return bad;
  if (rest == end) return value;
  const std::size_t unit = kUnits.find(*rest);
  if (unit == std::string_view::npos || rest + 1 != end) return bad;
  const unsigned shift = 10 * (static_cast<unsigned>(unit) + 1);
  if (value > (UINT64_MAX >> shift)) return bad;
  return value << shift;
}

}  // namespace berth::request
