// SPDX-License-Identifier: Apache-2.0
// Descriptors from one process to another: a byte and up to nine of them over a Unix socket
// (unix(7), SCM_RIGHTS).
#pragma once

#include "base/fd.h"

#include <span>
#include <vector>

namespace berth {

constexpr unsigned kMostPassed = 9;

/// 0 or an errno; E2BIG for more than kMostPassed. Never raises SIGPIPE. Async-signal-safe.
int send_message(int socket, char word, std::span<const int> descriptors) noexcept;

struct Message {
  char word = 0;  ///< 0: the peer is gone
  std::vector<UniqueFd> descriptors = {};
};

/// Waits for one message. What comes is close-on-exec.
Message receive_message(int socket);

}  // namespace berth
