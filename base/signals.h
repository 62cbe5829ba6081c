// SPDX-License-Identifier: Apache-2.0
// Signals by the names that people and images give them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// "TERM", "SIGTERM", "15", "SIGRTMIN+3"; letters of either case, as podman takes them.
std::optional<int> signal_number(std::string_view text);

/// "SIGTERM"; a real-time one as "SIGRTMIN+3".
std::string signal_name(int number);

}  // namespace berth
