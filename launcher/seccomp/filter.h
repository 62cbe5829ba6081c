// SPDX-License-Identifier: Apache-2.0
// Which system calls a container's program may make -> the kernel's program that says so.
#pragma once

#include "base/result.h"

#include <linux/filter.h>

#include <string>
#include <vector>

namespace berth::seccomp {

/// What seccomp(2) takes: a program over one call's number, architecture and arguments.
using Filter = std::vector<sock_filter>;

/// The filter of the default profile (default_profile.h), compiled when berth was built.
Filter default_filter();

/// The filter of a profile in a file, as podman and docker take it: the JSON of the OCI runtime
/// specification (config-linux.md, "Seccomp"), with the includes and excludes that engines add.
/// Reads the file, and asks uname(2) for conditions on the kernel. A launch has no capabilities:
/// conditions are answered so. Names that this libseccomp does not know are passed over, as engines
/// do. Refused are files above 1 MiB, what is not such a profile, and actions that need a
/// supervisor.
Result<Filter> read_profile(const std::string& path);

/// The same of a text; `name` is for messages. For tests and the fuzzer.
Result<Filter> compile_profile(const std::string& json, const std::string& name);

}  // namespace berth::seccomp
