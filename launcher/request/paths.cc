// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/paths.h"

#include <array>

namespace berth::request {

namespace {

struct PathOption {
  std::string_view name;
  std::string Request::*field;
};

constexpr std::array<PathOption, 5> kPathOptions = {{{"overlay", &Request::overlay},
                                                     {"record-profile", &Request::record},
                                                     {"trace-file", &Request::trace_file},
                                                     {"topology", &Request::topology},
                                                     {"seccomp", &Request::seccomp}}};

}  // namespace

std::string absolute_path(const std::string& path, const std::string& folder) {
  if (path.starts_with('/')) return path;
  return folder.ends_with('/') ? folder + path : folder + "/" + path;
}

void make_binds_absolute(Request& request, std::size_t first, const std::string& folder) {
  for (std::size_t i = first; i < request.binds.size(); ++i) {
    Bind& bind = request.binds[i];
    if (bind.origin == Origin::host && !bind.from.empty())
      bind.from = absolute_path(bind.from, folder);
  }
}

void make_env_files_absolute(Request& request, std::size_t first, const std::string& folder) {
  for (std::size_t i = first; i < request.env.size(); ++i) {
    EnvChange& change = request.env[i];
    if (change.kind == EnvChange::Kind::file) change.text = absolute_path(change.text, folder);
  }
}

void make_fields_absolute(Request& request, std::string_view option, const std::string& folder) {
  for (const PathOption& one : kPathOptions) {
    std::string& path = request.*one.field;
    const bool is_word = path.empty() || (one.name == "seccomp" && path == "default");
    if ((option.empty() || option == one.name) && !is_word) path = absolute_path(path, folder);
  }
}

}  // namespace berth::request
