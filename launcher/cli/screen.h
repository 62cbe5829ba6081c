// SPDX-License-Identifier: Apache-2.0
// A table that is shown again and again in the same place of a terminal.
#pragma once

#include "launcher/cli/session.h"

#include <sys/ioctl.h>

#include <optional>
#include <string>

namespace berth::cli {

/// The terminal's rows and columns; nothing where standard output is none, or one that cannot go
/// back to what it has shown.
std::optional<winsize> screen_of(const Session& session);

/// As much of a table as fits, in the place of the one before. A terminal that does not know its
/// size has room for all.
std::string shown_on(const winsize& screen, const std::string& table);

}  // namespace berth::cli
