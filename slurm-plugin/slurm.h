// SPDX-License-Identifier: Apache-2.0
// Slurm's plugin interface for C++: its header declares the entry points outside `extern "C"`.
#pragma once

#pragma GCC visibility push(default)
extern "C" {

#include <slurm/spank.h>

/// Major number of the running Slurm's library interface << 16. Null in a program that is not
/// Slurm.
long slurm_api_version() __attribute__((weak));

// What Slurm's loader looks for besides the functions; the names are Slurm's.
// NOLINTBEGIN(readability-identifier-naming)
extern const char plugin_name[];
extern const char plugin_type[];
extern unsigned int plugin_version;
extern const unsigned int spank_plugin_version;
// NOLINTEND(readability-identifier-naming)

}  // extern "C"
#pragma GCC visibility pop
