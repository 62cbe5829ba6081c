// SPDX-License-Identifier: Apache-2.0
// Blocks of an image, made with each compressor.
#pragma once

#include "tests/component/forge.h"

#include <cstdint>

namespace berth::read {

// As the superblock numbers them.
constexpr unsigned kGzip = 1;
constexpr unsigned kLzma = 2;
constexpr unsigned kLzo = 3;
constexpr unsigned kXz = 4;
constexpr unsigned kLz4 = 5;
constexpr unsigned kZstd = 6;

/// `plain` made smaller.
Bytes pack(unsigned compressor, Bytes plain);

/// Lets an xz block that pack() made ask for another dictionary, of 2 | code % 2 shifted left by
/// code / 2 + 11.
void set_xz_dictionary(Bytes& packed, unsigned code);

/// ... and one of lzma, of so many bytes.
void set_lzma_dictionary(Bytes& packed, std::uint32_t size);

}  // namespace berth::read
