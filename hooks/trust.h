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

/// Opens the program (open(2), O_PATH) that `path` leads to. An error, which completes "cannot",
/// where others than root and `user` could put another one there: it, its directory, or one on the
/// way to that, sticky ones left out, is theirs or can be written by them.
Result<UniqueFd> open_trusted_program(const std::string& path, uid_t user);

}  // namespace berth::hooks
