// SPDX-License-Identifier: Apache-2.0
// Which of the GPUs that are there somebody has asked for.
#pragma once

#include "hooks/gpu/gpus.h"

#include <cstddef>
#include <string>
#include <vector>

namespace berth::hooks {

/// Indexes into `names`, the GPUs' own in the order of their numbers; each once, in the order asked
/// for. One that is not there is an error that says which are.
Result<std::vector<std::size_t>> choose_gpus(const WantedGpus& wanted,
                                             const std::vector<std::string>& names);

/// What is in a directory, sorted by number and name; nothing where there is none.
std::vector<std::string> names_in(const std::string& directory);

/// The value behind `key` in "KEY<separator>  VALUE" lines of a small file; empty where it is not.
std::string value_in(const std::string& file, const std::string& key, char separator);

}  // namespace berth::hooks
