// SPDX-License-Identifier: Apache-2.0
// Programs of the node's that the keeper starts.
#pragma once

#include <sys/types.h>

#include <string>

namespace berth::node {

/// Where a keeper, which may have no descriptor below 3, has room for what its child will rename.
constexpr int kHigh = 10;

/// "/proc/PID" of the process that a descriptor of such a directory is, as this process sees it;
/// empty where that cannot be told.
std::string place_of(int process);

/// For a child after fork(2): becomes the program `words[0]`, with one fixed variable and nothing
/// of the job's. It dies with the keeper, unless it gains rights by being executed. `output` and
/// `third`, above kHigh, become its descriptors 1 and 3; -1: nothing to write to, and none.
[[noreturn]] void become_host_program(char* const* words, int output, int third, pid_t keeper);

}  // namespace berth::node
