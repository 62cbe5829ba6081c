// SPDX-License-Identifier: Apache-2.0
// The compressors of libsquashfs with our settings. For this room only.
#pragma once

#include "image/squash/objects.h"
#include "image/squash/writer.h"

#include <sqfs/compressor.h>

namespace berth::squash {

Result<Object<sqfs_compressor_t>> make_compressor(const Options& options);

/// A compressor for metadata blocks that leaves some as they are. What is written between spare()
/// and stop_sparing() lies in such blocks, with whatever shares them.
class SparingCompressor {
 public:
  /// `inner` has to outlive it.
  explicit SparingCompressor(sqfs_compressor_t* inner);
  // Writers point to it.
  SparingCompressor(const SparingCompressor&) = delete;
  SparingCompressor& operator=(const SparingCompressor&) = delete;
  SparingCompressor(SparingCompressor&&) = delete;
  SparingCompressor& operator=(SparingCompressor&&) = delete;
  ~SparingCompressor() = default;

  [[nodiscard]] sqfs_compressor_t* get() { return &interface_; }

  void spare() { is_sparing_ = is_spared_ = true; }

  void stop_sparing() { is_sparing_ = false; }

 private:
  sqfs_compressor_t interface_ = {};  ///< first, so that a pointer to it is a pointer to all of it
  sqfs_compressor_t* inner_;
  bool is_sparing_ = false;
  bool is_spared_ = false;  ///< the block that is being filled
};

/// The number SquashFS knows the compressor by; `options.compressor` is one of compressors().
SQFS_COMPRESSOR id_of(const Options& options);

/// A libsquashfs error in words.
std::string words_for(int answer);

}  // namespace berth::squash
