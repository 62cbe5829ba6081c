// SPDX-License-Identifier: Apache-2.0
// Passwords come from a terminal, unseen, or from standard input; never from the command line.
#pragma once

#include "base/result.h"

#include <atomic>
#include <string>

namespace berth::cli {

/// Asks on the process' terminal. Restores it also when `stop` turns non-zero meanwhile.
Result<std::string> ask_password(const std::string& prompt, const std::atomic<int>& stop);

/// The first line of standard input, without its end.
Result<std::string> read_password_from_stdin();

}  // namespace berth::cli
