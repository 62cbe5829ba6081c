// SPDX-License-Identifier: Apache-2.0
// The parts of a plan, one file each. For make_plan and its tests.
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::plan {

/// Everything of the host that the container shows, parents before children: /proc /sys /dev
/// /tmp, what MPI needs, home and current directory, then what the user asked for.
Result<std::vector<Bind>> choose_binds(const Request& request, const Facts& facts);

/// Whether a place is the image's by custom: showing the host's there would break its programs.
bool belongs_to_image(const std::string& path);

/// Whether a host path can be seen at the same place inside.
bool is_shown(const std::string& path, const std::vector<Bind>& binds);

/// Absolute path without "//", "/./" and trailing "/". Empty when it has ".." parts: what they
/// mean inside a container depends on symbolic links of the image.
std::string normal_path(std::string_view path);

/// The program's variables. Later wins: the caller's own (without PATH and the loader's variables,
/// which name host places; with --clean-env only what job launchers set), the image's, HOME and
/// USER, --env-file, --env.
std::vector<std::string> make_environment(const Launch& launch, const std::vector<Bind>& binds);

/// The value of `name` in NAME=value texts, the last one wins; empty when absent.
std::string value_of(const std::vector<std::string>& environment, std::string_view name);

/// Entrypoint and command as podman-run(1) combines them.
Result<std::vector<std::string>> choose_command(const Request& request, const ImageConfig& config);

/// Where execvp(3) would look for `program`.
std::vector<std::string> candidates_for(const std::string& program, const std::string& path);

std::string choose_workdir(const Launch& launch, const std::vector<Bind>& binds);

/// /etc/passwd and /etc/group: the image's, with the caller's own line first so that lookups by
/// name and by number both find it.
std::string make_passwd(const Launch& launch);
std::string make_group(const Launch& launch);

}  // namespace berth::plan
