// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <ctime>

namespace berth::serve {

/// True when there is something to read from `fd` now, or its end.
inline bool is_readable(int fd) noexcept {
  pollfd poll{fd, POLLIN, 0};
  const timespec at_once{};
  return ::ppoll(&poll, 1, &at_once, nullptr) == 1 && (poll.revents & POLLIN) != 0;
}

}  // namespace berth::serve
