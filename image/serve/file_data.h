// SPDX-License-Identifier: Apache-2.0
// The bytes of regular files.
#pragma once

#include "image/serve/inode.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace berth::serve {

/// Fills `out` with the file's bytes from `offset` on; `got` says how many, fewer only where the
/// file ends. 0, EISDIR or EINVAL where `file` is not a regular one, or EIO.
int read_file(Reader& reader,
              const Inode& file,
              std::uint64_t offset,
              std::span<std::byte> out,
              std::size_t& got);

}  // namespace berth::serve
