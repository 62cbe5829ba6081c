// SPDX-License-Identifier: Apache-2.0
// Whose files decide about a container.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

namespace berth::hooks {

/// Whether nobody but root and `user` can have written it, or become able to.
bool is_trusted(const struct stat& info, uid_t user);

/// Where the absolute `path` leads, without links. An error, of `goal`, where others than root and
/// `user` could make it lead elsewhere: a link on the way, or a directory that one of its names is
/// looked for in, is theirs, or can be written by them and is not sticky. Whose the last one is, is
/// not looked at.
Result<std::string> find_trusted_directory(const std::string& path,
                                           uid_t user,
                                           const std::string& goal);

/// So with a file, whose directory may not be sticky either: others could have their own there.
Result<std::string> find_trusted_file(const std::string& path, uid_t user, const std::string& goal);

/// Opens the program (open(2), O_PATH) that `path` leads to, as a file that nobody else could have
/// put there or written.
Result<UniqueFd> open_trusted_program(const std::string& path, uid_t user);

}  // namespace berth::hooks
