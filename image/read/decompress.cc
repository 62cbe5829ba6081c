// SPDX-License-Identifier: Apache-2.0
// libsquashfuse for every compressor but two: libdeflate undoes gzip in half of zlib's time, and a
// zstd context that is kept halves the time of a metadata block.
#include "image/read/decompress.h"

#include <libdeflate.h>
#include <zstd.h>

#include <array>

extern "C" {
#include <squashfuse/decompress.h>
#include <squashfuse/squashfs_fs.h>
}

namespace berth::read {
namespace {

constexpr std::array kNames{"gzip", "lzma", "lzo", "xz", "lz4", "zstd"};

/// libsquashfuse looks its compressors up by a signed number and walks a small table.
sqfs_decompressor find_decompressor(unsigned compressor) noexcept {
  return compressor == 0 || compressor > kNames.size()
             ? nullptr
             : sqfs_decompressor_get(static_cast<int>(compressor));
}

}  // namespace

const char* compressor_name(unsigned compressor) noexcept {
  return compressor == 0 || compressor > kNames.size() ? nullptr : kNames.at(compressor - 1);
}

bool can_decompress(unsigned compressor) noexcept {
  return find_decompressor(compressor) != nullptr;
}

Decompressor::Decompressor(unsigned compressor) : compressor_(compressor) {
  if (compressor == ZLIB_COMPRESSION) deflate_ = libdeflate_alloc_decompressor();
  if (compressor == ZSTD_COMPRESSION) zstd_ = ZSTD_createDCtx();
}

Decompressor::~Decompressor() {
  if (deflate_ != nullptr) {
    libdeflate_free_decompressor(static_cast<libdeflate_decompressor*>(deflate_));
  }
  (void)ZSTD_freeDCtx(static_cast<ZSTD_DCtx*>(zstd_));  // null is fine, and so is the outcome
}

std::size_t Decompressor::run(std::span<std::byte> in, std::span<std::byte> out) noexcept {
  std::size_t size = out.size();
  if (deflate_ != nullptr) {
    auto* deflate = static_cast<libdeflate_decompressor*>(deflate_);
    const auto verdict =
        libdeflate_zlib_decompress(deflate, in.data(), in.size(), out.data(), out.size(), &size);
    return verdict == LIBDEFLATE_SUCCESS ? size : 0;
  }
  if (zstd_ != nullptr) {
    auto* zstd = static_cast<ZSTD_DCtx*>(zstd_);
    size = ZSTD_decompressDCtx(zstd, out.data(), out.size(), in.data(), in.size());
    return ZSTD_isError(size) == 0 ? size : 0;
  }
  const sqfs_decompressor undo = find_decompressor(compressor_);
  if (undo == nullptr || undo(in.data(), in.size(), out.data(), &size) != SQFS_OK) return 0;
  return size <= out.size() ? size : 0;
}

}  // namespace berth::read
