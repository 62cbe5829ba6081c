// SPDX-License-Identifier: Apache-2.0
// Relative paths of the host in a request, as seen from anywhere. Pure.
#pragma once

#include "launcher/model/request.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::request {

/// `path` below `folder` unless it begins with '/'. Links stay.
std::string absolute_path(const std::string& path, const std::string& folder);

/// The sources of binds from number `first` on.
void make_binds_absolute(Request& request, std::size_t first, const std::string& folder);

/// The files of variables, from change number `first` on.
void make_env_files_absolute(Request& request, std::size_t first, const std::string& folder);

/// What else names a file of the host: of the option with that name, or of all of them if it is
/// empty. Hooks and their libraries are refused where they are relative.
void make_fields_absolute(Request& request, std::string_view option, const std::string& folder);

}  // namespace berth::request
