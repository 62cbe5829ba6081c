// SPDX-License-Identifier: Apache-2.0
// Which of the GPUs that are there somebody has asked for.
#pragma once

#include "hooks/gpu/gpus.h"

#include <string>
#include <vector>

namespace berth::hooks {

/// As its driver has it.
struct Gpu {
  std::string name;    ///< its own
  std::string number;  ///< of its file in /dev
};

/// Of `there`, in the order of the numbers that tools have for them; each once, in the order asked
/// for. One that is not there is an error that says which are.
Result<std::vector<Gpu>> choose_gpus(const WantedGpus& wanted, const std::vector<Gpu>& there);

/// With commas between them.
std::string names_of(const std::vector<Gpu>& gpus);

/// The value behind `key` in "KEY<separator>  VALUE" lines of a small file; empty where it is not.
std::string value_in(const std::string& file, const std::string& key, char separator);

}  // namespace berth::hooks
