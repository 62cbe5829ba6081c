// SPDX-License-Identifier: Apache-2.0
// What an import left out on purpose, in words. Pure.
#pragma once

#include "image/cli/convert.h"
#include "image/settings/settings.h"

#include <cstdint>
#include <string>

namespace berth::cli {

/// "1 layer", "2 layers".
std::string counted(std::uint64_t count, const std::string& one, const std::string& many);

/// One line, without prefix and newline; empty when nothing was left out. `setuid` is where the
/// site or the user said that setuid bits are to go.
std::string losses_text(const Losses& losses, const settings::Origin& setuid);

}  // namespace berth::cli
