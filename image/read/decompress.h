// SPDX-License-Identifier: Apache-2.0
// The compressors of SquashFS behind one call. The only place that sees their libraries.
#pragma once

#include <cstddef>
#include <span>

namespace berth::read {

/// "zstd" for 6; null when SquashFS has no compressor of that number.
const char* compressor_name(unsigned compressor) noexcept;

/// Whether the libraries that are linked in can undo it.
bool can_decompress(unsigned compressor) noexcept;

/// One thread's decompressor.
class Decompressor {
 public:
  /// `compressor` is one that can_decompress().
  explicit Decompressor(unsigned compressor);
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  Decompressor(Decompressor&&) = delete;
  Decompressor& operator=(Decompressor&&) = delete;
  ~Decompressor();

  /// Undoes one block. The number of bytes written; 0 when `in` is damaged or does not fit `out`.
  std::size_t run(std::span<std::byte> in, std::span<std::byte> out) noexcept;

 private:
  unsigned compressor_;
  void* state_ = nullptr;  ///< libdeflate's for gzip, libzstd's for zstd
};

}  // namespace berth::read
