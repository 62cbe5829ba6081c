// SPDX-License-Identifier: Apache-2.0
// Takes an image apart, so that a fuzzer can put another together.
#pragma once

#include "tests/component/forge.h"

#include <array>
#include <optional>
#include <span>

namespace berth::fuzz {

/// An image's data and tables, decompressed; nothing where it cannot be taken apart. Tables of
/// which a block is damaged end there.
std::optional<read::Forge> take_apart(std::span<const std::byte> image);

/// What of it a fuzzer may give another content and size.
std::array<read::Bytes*, 7> parts_of(read::Forge& forge);

}  // namespace berth::fuzz
