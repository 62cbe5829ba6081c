// SPDX-License-Identifier: Apache-2.0
// Which files of an image a launch reads, and how they lie in it so that this is quick.
#pragma once

#include "image/squash/writer.h"

#include <string>
#include <string_view>

namespace berth::cli {

/// Pure. `path` without leading '/', `mode` with its permission bits.
///
/// What every program start reads (the C library, its loader and the loader's cache) is not
/// compressed: a megabyte more, and a third of a launch less. Programs and what berth itself reads
/// do not lie among other files, whose decompression they would have to wait for.
squash::Writer::Packing packing_for(const std::string& path, unsigned mode);

/// Pure. Whether a file or link of this name, in a folder of that name, is one that a launch looks
/// for.
bool is_first_read(std::string_view folder, std::string_view name);

}  // namespace berth::cli
