// SPDX-License-Identifier: Apache-2.0
// What is left to a process that reads what may be anybody's.
#pragma once

#include "base/result.h"

#include <vector>

namespace berth::hooks {

/// From here on this process has these descriptors, memory up to a bound, some seconds of a
/// processor, and no system call but those that reading them takes. `directories`, which are among
/// `kept`, can be read below (where the kernel has Landlock: and nothing else can); without any, no
/// file can be opened. Closes all others, standard output and error too.
Status lock_in(std::vector<int> kept, const std::vector<int>& directories);

}  // namespace berth::hooks
