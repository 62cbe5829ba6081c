// SPDX-License-Identifier: Apache-2.0
// A word over a Unix socket, and who has sent it: the kernel says that, not the sender (unix(7),
// SO_PASSCRED).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace berth {

struct Heard {
  std::size_t size = 0;  ///< bytes that came; 0: nothing more comes
  pid_t sender = 0;      ///< in this process's numbers; 0: the socket does not tell
};

/// Waits for one message, of which `bytes` takes as much as it can.
Heard hear(int socket, std::span<char> bytes);

}  // namespace berth
