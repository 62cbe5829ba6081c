// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/options.h"

#include "base/text.h"
#include "launcher/request/capabilities.h"
#include "launcher/request/devices.h"
#include "launcher/request/env_changes.h"
#include "launcher/request/hooks.h"
#include "launcher/request/limits.h"
#include "launcher/request/mounts.h"
#include "launcher/request/place.h"
#include "launcher/request/process.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace berth::request {

namespace {

using Values = std::vector<std::string>;

/// A switch is present or absent; its text form has an empty value.
Values switch_values(bool on) {
  return on ? Values{""} : Values{};
}

Values hooks_of(const Request& request) {
  Values values = request.own_hooks;
  values.insert(values.end(), request.edit_hooks.begin(), request.edit_hooks.end());
  return values;
}

Values if_given(const std::optional<std::string>& value) {
  return value ? Values{*value} : Values{};
}

template <Result<Bind> (*parse)(const std::string&)>
Status add_bind(Request& request, const std::string& value) {
  auto bind = parse(value);
  if (!bind) return bind.error();
  if (bind->image != 0)
    for (const Bind& earlier : request.binds)
      bind->image = std::max(bind->image, earlier.image + 1);
  request.binds.push_back(std::move(*bind));
  return Done{};
}

/// What another row says in a request's text.
Values nothing(const Request& /*request*/) {
  return {};
}

/// All of them, whatever option they came from: of two on one place the last one wins.
Values mounts_of(const Request& request) {
  Values values;
  for (const Bind& bind : request.binds)
    values.push_back(to_mount_text(bind));
  return values;
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

Status set_tmp(Request& request, const std::string& value) {
  if (value != "host" && value != "private" && value != "none")
    return Error{
        Blame::usage, "use " + quote(value) + " as --tmp", {}, "write host, private or none"};
  request.tmp = value == "host" ? Tmp::host : value == "none" ? Tmp::none : Tmp::own;
  return Done{};
}

Values tmp_of(const Request& request) {
  if (request.tmp == Tmp::host) return {};
  return {request.tmp == Tmp::none ? "none" : "private"};
}

Status set_cwd(Request& request, const std::string& value) {
  if (value != "host" && value != "none")
    return Error{Blame::usage, "use " + quote(value) + " as --cwd", {}, "write host or none"};
  request.cwd = value == "host" ? Cwd::host : Cwd::none;
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

/// A number is checked here, a name where the image is known.
Status set_user(Request& request, const std::string& value) {
  constexpr std::uint64_t kNobody = 0xFFFFFFFF;
  const auto parts = split(value, ':');
  bool is_fine = parts.size() <= 2 && value.find_first_of("\n/") == std::string::npos;
  for (const std::string& part : parts) {
    std::uint64_t number = 0;
    const char* end = part.data() + part.size();
    const auto [rest, trouble] = std::from_chars(part.data(), end, number);
    const bool is_number = part.find_first_not_of("0123456789") == std::string::npos;
    is_fine = is_fine && !part.empty() && part.front() != '-' &&
              (!is_number || (trouble == std::errc{} && rest == end && number < kNobody));
  }
  if (!is_fine)
    return Error{Blame::usage,
                 "run as user " + quote(value),
                 {},
                 "write a name of the image's or a number below 4294967295, and maybe a group: "
                 "--user ada:staff"};
  request.user = value;
  return Done{};
}

Status set_overlay(Request& request, const std::string& value) {
  if (value.empty()) return Error{Blame::usage, "keep changes in ''", {}, "write --overlay DIR"};
  request.overlay = value;
  return Done{};
}

/// One for each image that is named together, the lowest first.
Status set_root_hashes(Request& request, const std::string& value) {
  constexpr std::size_t kDigits = 64;
  std::vector<std::string> hashes = split(value, '+');
  for (const std::string& hash : hashes) {
    const bool is_hash =
        hash.size() == kDigits && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_hash && hash != "-")
      return Error{Blame::usage,
                   "ask for an image with the root hash " + quote(hash),
                   {},
                   "write its 64 digits in lower case, as 'berth image verify' does"};
  }
  request.root_hashes = std::move(hashes);
  return Done{};
}

Values root_hashes_of(const Request& request) {
  std::string text;
  for (const std::string& hash : request.root_hashes)
    text += (text.empty() ? "" : "+") + hash;
  return text.empty() ? Values{} : Values{text};
}

Status set_tmpfs_size(Request& request, const std::string& value) {
  auto bytes = parse_size(value);
  if (!bytes) return bytes.error();
  request.tmpfs_bytes = *bytes;
  return Done{};
}

Status set_hostname(Request& request, const std::string& value) {
  constexpr std::size_t kLongest = 64;
  const bool is_name = !value.empty() && value.size() <= kLongest && value.front() != '-' &&
                       std::all_of(value.begin(), value.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '.';
                       });
  if (!is_name)
    return Error{Blame::usage,
                 "name a container " + quote(value),
                 {},
                 "a host name has up to 64 letters, digits, '-' and '.'"};
  request.hostname = value;
  request.own_hostname = true;
  return Done{};
}

Status set_seccomp(Request& request, const std::string& value) {
  if (value.empty())
    return Error{Blame::usage,
                 "use '' as a profile of system calls",
                 {},
                 "write default, none or the file of a profile"};
  request.seccomp = value == "none" ? "" : value;
  return Done{};
}

Status set_net(Request& request, const std::string& value) {
  if (value != "host" && value != "none" && value != "private")
    return Error{
        Blame::usage, "use " + quote(value) + " as --net", {}, "write host, none or private"};
  request.net = value == "host" ? Net::host : value == "none" ? Net::none : Net::own;
  return Done{};
}

Status set_time_offset(Request& request, const std::string& value) {
  std::int64_t seconds = 0;
  const char* end = value.data() + value.size();
  const auto [rest, trouble] = std::from_chars(value.data(), end, seconds);
  if (trouble != std::errc{} || rest != end)
    return Error{Blame::usage,
                 "shift clocks by " + quote(value),
                 {},
                 "write a whole number of seconds: --time-offset=-3600"};
  request.time_offset = seconds;
  return Done{};
}

/// A place for `field`, which is normalised where it is used.
template <std::vector<std::string> Request::*field>
Status add_place(Request& request, const std::string& value) {
  bool is_below_root = false;
  bool is_plain = value.starts_with('/');
  for (const std::string& part : split(value, '/')) {
    is_plain = is_plain && part != "..";
    is_below_root = is_below_root || (!part.empty() && part != ".");
  }
  if (!is_plain || !is_below_root)
    return Error{Blame::usage,
                 "find the place " + quote(value) + " in a container",
                 {},
                 "name a place below '/' without '..'"};
  (request.*field).push_back(value);
  return Done{};
}

Status set_record(Request& request, const std::string& value) {
  if (value.empty())
    return Error{Blame::usage, "record a launch profile in ''", {}, "name a new file"};
  request.record = value;
  return Done{};
}

Status set_trace_file(Request& request, const std::string& value) {
  if (value.empty()) return Error{Blame::usage, "trace a launch in ''", {}, "name a file"};
  request.trace_file = value;
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

// What the program finds: its files, its variables, its place.
std::vector<Option> content_rows() {
  return {
      {{"bind", 'v', "SRC[:DST[:OPTS]]", "show SRC of this node at DST"},
       add_bind<parse_bind>,
       [](const Request&) { return Values{}; }},  // see --mount
      {{"mount",
        0,
        "type=TYPE,dst=DST,...",
        "mount a bind, image, tmpfs, devpts, mqueue or sysfs on DST"},
       add_bind<parse_mount>,
       mounts_of},
      {{"tmpfs", 0, "DST[:OPTS]", "mount an empty tmpfs on DST"}, add_bind<parse_tmpfs>, nothing},
      {{"mask", 0, "PATH", "show nothing of what is at PATH"},
       add_place<&Request::masked>,
       [](const Request& r) { return r.masked; }},
      {{"read-only-path", 0, "PATH", "nothing at PATH and below can be written"},
       add_place<&Request::write_locked>,
       [](const Request& r) { return r.write_locked; }},
      {{"workdir", 'w', "DIR", "begin in DIR of the container"},
       set_workdir,
       [](const Request& r) { return if_given(r.workdir); }},
      {{"home", 0, "host|none", "show the caller's home directory or not"},
       set_home,
       [](const Request& r) { return r.home == Home::none ? Values{"none"} : Values{}; }},
      {{"tmp", 0, "host|private|none", "the node's /tmp, an empty one, or what the image has"},
       set_tmp,
       tmp_of},
      {{"cwd", 0, "host|none", "show the current directory and begin there, or not"},
       set_cwd,
       [](const Request& r) { return r.cwd == Cwd::none ? Values{"none"} : Values{}; }},
      {{"device", 0, "NAME|PATH[:DST]", "show a device, by its name in /etc/cdi or by its path"},
       add_device,
       [](const Request& r) { return r.devices; }},
      {{"gpus", 0, "all|NUMBER|NAME,...", "GPUs of this node, with their driver's libraries"},
       set_gpus,
       [](const Request& r) { return r.gpus.empty() ? Values{} : Values{r.gpus}; }},
      {{"dev", 0, "host|minimal", "the node's /dev, or one with the usual devices only"},
       set_dev,
       [](const Request& r) { return r.dev == Dev::minimal ? Values{"minimal"} : Values{}; }},
      {{"entrypoint", 0, "PROGRAM", "replace the image's entrypoint; empty for none"},
       [](Request& r, const std::string& value) -> Status {
         r.entrypoint = value;
         return Done{};
       },
       [](const Request& r) { return if_given(r.entrypoint); }},
      switch_row<&Request::read_only>("read-only", 0, "nothing can be written outside binds"),
      switch_row<&Request::writable>(
          "writable", 0, "a directory that is the image takes what is written"),
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
      switch_row<&Request::private_overlay>(
          "private-overlay", 0, "what a rank writes is not seen by those it shares with"),
      switch_row<&Request::unverified>(
          "no-verify", 0, "compare nothing with the image's hash tree"),
      {{"root-hash", 0, "HASH[+HASH...]", "run only if the image's hash tree has this root"},
       set_root_hashes,
       root_hashes_of},
      switch_row<&Request::as_root>("root", 0, "be uid 0 inside, with no right more than before"),
      {{"user", 'u', "UID|NAME[:GROUP]", "be that user inside, one of the image's or any number"},
       set_user,
       [](const Request& r) { return r.user.empty() ? Values{} : Values{r.user}; }},
      switch_row<&Request::with_subordinates>(
          "subuid", 0, "have other users and groups inside too, those of /etc/subuid"),
  };
}

// Who else has a say in what the container is.
std::vector<Option> hook_rows() {
  return {
      {{"hook", 0, "NAME|PROGRAM", "what berth's hook NAME or a program of this node says is done"},
       add_hook,
       hooks_of},
      {{"mpi-hook",
        0,
        "off|auto|strict|full|major",
        "put this node's MPI in the place of the image's, as far as that rule allows"},
       set_mpi_hook,
       [](const Request& r) { return r.mpi_hook.empty() ? Values{} : Values{r.mpi_hook}; }},
      {{"mpi-hook-library", 0, "PATH", "the library that is this node's MPI"},
       add_mpi_library,
       [](const Request& r) { return r.mpi_libraries; }},
      switch_row<&Request::explain_mpi>(
          "explain-mpi", 0, "print what is known of MPI here and in the image, and do nothing"),
      {{"hooks-dir", 0, "DIR", "run the hooks whose files in DIR are for this container"},
       add_hook_directory,
       [](const Request& r) { return r.hook_directories; }},
      {{"no-hook", 0, "NAME", "leave out the hook NAME"},
       leave_out_hook,
       [](const Request& r) { return r.left_out_hooks; }},
      switch_row<&Request::without_hooks>("no-hooks", 0, "leave out every hook"),
      {{"annotation", 0, "KEY=VALUE", "tell hooks something"},
       add_annotation,
       [](const Request& r) { return r.annotations; }},
  };
}

// The program's variables, but for what berth settles.
std::vector<Option> variable_rows() {
  return {
      {{"env", 'e', "NAME[=VALUE]", "set a variable, or take the caller's"}, set_variable, nothing},
      {{"env-file", 0, "FILE", "set variables from NAME=VALUE lines"}, add_env_file, nothing},
      {{"env-prepend", 0, "NAME=VALUE", "put VALUE and a colon in front of a variable"},
       prepend_to_variable,
       nothing},
      {{"env-append", 0, "NAME=VALUE", "put a colon and VALUE behind a variable"},
       append_to_variable,
       nothing},
      {{"unset-env", 0, "NAME", "remove a variable, or those that fit 'SLURM_*'"},
       unset_variable,
       nothing},
      {{"env-change", 0, "", ""},
       take_env_change,
       [](const Request& r) { return env_change_texts(r); }},
      switch_row<&Request::clean_env>("clean-env", 0, "take nothing of the caller's environment"),
      {{"explain-env", 0, "NAME", "print who sets, changes and removes a variable, and do nothing"},
       set_explained_variable,
       [](const Request& r) { return r.explain_env.empty() ? Values{} : Values{r.explain_env}; }},
  };
}

// How far the container is from the rest of the node.
std::vector<Option> isolation_rows() {
  return {
      switch_row<&Request::own_hostname>("uts", 0, "have a host name of its own"),
      {{"hostname", 0, "NAME", "call the container NAME"},
       set_hostname,
       [](const Request& r) { return r.hostname.empty() ? Values{} : Values{r.hostname}; }},
      switch_row<&Request::own_ipc>(
          "ipc", 0, "have shared memory, semaphores and message queues of its own"),
      {{"net", 0, "host|none|private", "the node's network, a loopback device only, or a way out"},
       set_net,
       [](const Request& r) {
         if (r.net == Net::host) return Values{};
         return Values{r.net == Net::none ? "none" : "private"};
       }},
      switch_row<&Request::own_cgroups>(
          "cgroupns", 0, "see its own control group as the root of all"),
      {{"time-offset", 0, "SECONDS", "shift the clocks that count from the node's start"},
       set_time_offset,
       [](const Request& r) {
         return r.time_offset ? Values{std::to_string(*r.time_offset)} : Values{};
       }},
      switch_row<&Request::own_pids>(
          "pid", 0, "see the container's processes only, of which the program is the first"),
      switch_row<&Request::with_init>(
          "init", 0, "an init reaps processes and forwards signals for the program"),
      switch_row<&Request::without_userns>(
          "disable-userns", 0, "the program can make no user namespaces"),
      {{"seccomp", 0, "default|none|FILE", "refuse the program system calls, as a profile says"},
       set_seccomp,
       [](const Request& r) { return r.seccomp.empty() ? Values{} : Values{r.seccomp}; }},
  };
}

// What berth itself does and says.
std::vector<Option> berth_rows() {
  return {
      {{"share", 0, "auto|node|none", "one container for the ranks of a node, or one each"},
       set_share,
       share_of},
      {{"record-profile",
        0,
        "FILE",
        "write down what is read of the image, for 'berth image optimize'"},
       set_record,
       [](const Request& r) { return r.record.empty() ? Values{} : Values{r.record}; }},
      switch_row<&Request::help_only>("help", 'h', "print the options people use, and do nothing"),
      switch_row<&Request::trace>("trace", 0, "print how long each phase of the launch took"),
      {{"trace-file", 0, "FILE", "add that to FILE as a line of JSON"},
       set_trace_file,
       [](const Request& r) { return r.trace_file.empty() ? Values{} : Values{r.trace_file}; }},
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

std::vector<Option> make_table() {
  std::vector<Option> table = content_rows();
  for (const auto& rows : {hook_rows(),
                           variable_rows(),
                           isolation_rows(),
                           capability_rows(),
                           process_rows(),
                           place_rows(),
                           limit_rows(),
                           berth_rows()})
    table.insert(table.end(), rows.begin(), rows.end());
  return table;
}

}  // namespace

const std::vector<Option>& options() {
  static const std::vector<Option> table = make_table();
  return table;
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

bool is_for_one_time(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "help", "plan", "explain-env", "explain-mpi", "name", "detach", "topology", "ranks"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace berth::request
