// SPDX-License-Identifier: Apache-2.0
// Brings what a program's start will read into the page cache before it is asked for.
#pragma once

#include "image/profile/profile.h"
#include "image/read/reader.h"

#include <cstdint>
#include <vector>

namespace berth::serve {

/// What the image says is to be read ahead, and its own tables, within a file of `file_bytes`.
/// Nothing for an image that says nothing.
std::vector<profile::Range> find_ahead(read::Reader& reader, std::uint64_t file_bytes);

/// Asks the kernel for the ranges, all at once, in a thread of its own: it may wait for the disk
/// (posix_fadvise(2)). Best effort, only speed is at stake.
void read_ahead(int image_fd, std::vector<profile::Range> ranges);

}  // namespace berth::serve
