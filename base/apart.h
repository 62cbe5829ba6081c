// SPDX-License-Identifier: Apache-2.0
// How a process of ours lives beside the programs that it is there for.
#pragma once

#include <vector>

namespace berth {

/// For a fresh child: a session of its own, no directory but the root, no descriptor but `kept`, no
/// look into its memory, and the signals that are meant for a job's processes mean nothing to it.
/// `name`: what ps(1) calls it.
void live_apart(const char* name, std::vector<int> kept);

}  // namespace berth
