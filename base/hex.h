// SPDX-License-Identifier: Apache-2.0
// Bytes as two digits each, in small letters: as JSON can have them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace berth {

std::string to_hex(std::string_view bytes);

/// What is no digit counts as 0, and an odd one at the end not at all.
std::string from_hex(std::string_view text);

}  // namespace berth
