// SPDX-License-Identifier: Apache-2.0
// The compressors of SquashFS behind one call. The only place that sees libsquashfuse and
// libdeflate.
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
  void* deflate_ = nullptr;  ///< libdeflate's state, for gzip
  void* zstd_ = nullptr;     ///< libzstd's
};

}  // namespace berth::read
