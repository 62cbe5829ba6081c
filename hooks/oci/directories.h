// SPDX-License-Identifier: Apache-2.0
// The hook files of some directories (oci-hooks(5)) that are for a container.
#pragma once

#include "base/result.h"
#include "hooks/oci/hook_file.h"

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace berth::hooks {

struct HookDirectories {
  std::vector<std::string> paths;  ///< of files with one name the last one counts
  uid_t user = 0;                  ///< besides root, who may have written in them
  std::function<void(const std::string&)> listener = [](const std::string&) {};  ///< see Registry
};

/// Whether a hook is one of `names`; of a file the name without ".json", of a program its own.
bool is_named(const std::string& path, const std::vector<std::string>& names);

/// The files that there are in the order in which they are used, each name once. Nothing is read.
Result<std::vector<std::string>> find_hook_files(const HookDirectories& directories);

/// What each file whose hook is for this container adds, in the order of their names in small
/// letters; those of `without` are left out. A directory that is missing has none. A file that is
/// wrong, or that others could have written, is an error: a site that asks for hooks wants them
/// run.
Result<std::vector<Edits>> find_hooks(const HookDirectories& directories,
                                      const About& about,
                                      const std::vector<std::string>& without);

}  // namespace berth::hooks
