// SPDX-License-Identifier: Apache-2.0
// Variables that the dynamic loader and the C library obey before a program has a say. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// Whether the variable `name` makes a program load libraries and tables from where it was set:
/// LD_* (ld.so(8)), GCONV_PATH, GETCONF_DIR, LOCPATH and NLSPATH. They fit one C library and mean
/// nothing good to that of another root directory.
bool names_libraries(std::string_view name);

/// What a program of the host may get of `environment` (NAME=value), the caller's: all but what
/// names libraries, tunes its C library (GLIBC_TUNABLES) or makes it write files (MALLOC_TRACE).
std::vector<std::string> for_host_program(const std::vector<std::string>& environment);

}  // namespace berth
