// SPDX-License-Identifier: Apache-2.0
// Places of a root that are people's and jobs'. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace berth::hooks {

/// Variables that lead hooks which look into an image, each with a list of directories.
inline constexpr std::array<std::string_view, 3> kLeading = {
    "LD_LIBRARY_PATH", "OPAL_PREFIX", "PMIX_PREFIX"};

/// The directories in a value of one of them.
std::vector<std::string> directories_in(std::string_view value);

/// Whether `path` is `tree` or below it.
bool is_below(std::string_view path, std::string_view tree);

/// Whether no hook looks there unless one of these variables leads there.
bool is_peoples(std::string_view path);

}  // namespace berth::hooks
