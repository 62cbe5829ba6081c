// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/hooks.h"

#include "base/text.h"
#include "hooks/name.h"

#include <algorithm>

namespace berth::request {

namespace {

Status add_path(std::vector<std::string>& paths,
                const std::string& value,
                const std::string& what) {
  if (!value.starts_with('/') || value == "/")
    return Error{Blame::usage,
                 "use " + quote(value) + " as " + what,
                 {},
                 "write a path that begins with '/'"};
  // What berth-hooks says of it is a line.
  if (std::any_of(
          value.begin(), value.end(), [](unsigned char one) { return one < ' ' || one == 0x7f; }))
    return Error{Blame::usage,
                 "use " + quote(value) + " as " + what,
                 {},
                 "rename it: its path has control characters"};
  paths.push_back(value);
  return Done{};
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

Error no_such_hook(const std::string& value) {
  const std::vector<std::string> names(hooks::kOwnHooks.begin(), hooks::kOwnHooks.end());
  std::string hint = "write ";
  for (const std::string& name : names)
    hint += name + ", ";
  hint += "or the path of a program, which begins with '/'";
  const std::string name = hooks::own_name(value);
  const std::string rest = value.substr(name.size());
  if (std::find(names.begin(), names.end(), name) != names.end())
    hint = quote(name) + " takes no path";
  else if (const std::string near = nearest(name, names); !near.empty())
    hint = "did you mean " + quote(near == "fabric" ? near + rest : near) + "?";
  return Error{Blame::usage, "use " + quote(value) + " as a hook", {}, hint};
}

}  // namespace

Status add_hook(Request& request, const std::string& value) {
  if (value.starts_with("fabric:")) {
    std::vector<std::string> paths;
    BERTH_TRY(add_path(paths, value.substr(value.find(':') + 1), "a library of the fabric"));
    request.own_hooks.push_back(value);
    return Done{};
  }
  if (std::find(hooks::kOwnHooks.begin(), hooks::kOwnHooks.end(), value) !=
      hooks::kOwnHooks.end()) {
    if (value != "mpi")
      request.own_hooks.push_back(value);
    else if (request.mpi_hook.empty())
      request.mpi_hook = "auto";
    return Done{};
  }
  if (hooks::own_name(value).find('/') == std::string::npos) return no_such_hook(value);
  return add_path(request.edit_hooks, value, "a hook");
}

Status set_mpi_hook(Request& request, const std::string& value) {
  if (std::find(hooks::kMpiRules.begin(), hooks::kMpiRules.end(), value) == hooks::kMpiRules.end())
    return Error{Blame::usage,
                 "use " + quote(value) + " as --mpi-hook",
                 {},
                 "write off, auto, strict, full or major"};
  request.mpi_hook = value == "off" ? "" : value;
  return Done{};
}

Status add_mpi_library(Request& request, const std::string& value) {
  return add_path(request.mpi_libraries, value, "this node's MPI");
}

bool wants_own(const Request& request, const std::string& name) {
  const auto& own = request.own_hooks;
  return !request.without_hooks && !has(request.left_out_hooks, name) &&
         std::any_of(
             own.begin(), own.end(), [&](const auto& one) { return hooks::own_name(one) == name; });
}

bool looks_into_image(const Request& request) {
  return wants_mpi(request) || wants_own(request, "fabric") || wants_own(request, "ldcache") ||
         wants_own(request, "pmi");
}

bool wants_mpi(const Request& request) {
  return !request.mpi_hook.empty() && !request.without_hooks && !has(request.left_out_hooks, "mpi");
}

Status add_hook_directory(Request& request, const std::string& value) {
  return add_path(request.hook_directories, value, "a directory of hooks");
}

Status leave_out_hook(Request& request, const std::string& value) {
  if (value.empty() || value.find('/') != value.npos)
    return Error{Blame::usage,
                 "leave out the hook " + quote(value),
                 {},
                 "write its name without a directory: --plan has it"};
  request.left_out_hooks.push_back(value);
  return Done{};
}

Status add_annotation(Request& request, const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals == value.npos || equals == 0)
    return Error{Blame::usage, "use " + quote(value) + " as an annotation", {}, "write KEY=VALUE"};
  request.annotations.push_back(value);
  return Done{};
}

}  // namespace berth::request
