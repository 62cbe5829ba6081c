// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/paths.h"

namespace berth::request {

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

}  // namespace berth::request
