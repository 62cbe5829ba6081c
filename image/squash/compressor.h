// SPDX-License-Identifier: Apache-2.0
// The compressors of libsquashfs with our settings. For this room only.
#pragma once

#include "image/squash/objects.h"
#include "image/squash/writer.h"

#include <sqfs/compressor.h>

namespace berth::squash {

Result<Object<sqfs_compressor_t>> make_compressor(const Options& options);

/// The number SquashFS knows the compressor by; `options.compressor` is one of compressors().
SQFS_COMPRESSOR id_of(const Options& options);

/// A libsquashfs error in words.
std::string words_for(int answer);

}  // namespace berth::squash
