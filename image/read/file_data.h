// SPDX-License-Identifier: Apache-2.0
// The bytes of regular files.
#pragma once

#include "image/read/inode.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace berth::read {

/// Fills `out` with the file's bytes from `offset` on; `got` says how many, fewer only where the
/// file ends. 0, EISDIR or EINVAL where `file` is not a regular one, or EIO.
int read_file(Reader& reader,
              const Inode& file,
              std::uint64_t offset,
              std::span<std::byte> out,
              std::size_t& got);

/// Where the block of that number lies that has bytes of the file: one of its own, or the one that
/// it shares with others. 0; ENOENT where the file has no such block; EINVAL where it is not a
/// regular one; or EIO.
int find_block(Reader& reader, const Inode& file, std::uint64_t number, BlockAt& out);

/// Where in the image the file's bytes lie, all of them in one piece and not compressed; nothing
/// where they do not lie so.
std::optional<std::uint64_t> find_plain_bytes(Reader& reader, const Inode& file);

}  // namespace berth::read
