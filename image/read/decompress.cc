// SPDX-License-Identifier: Apache-2.0
// Each compressor's own library. libdeflate undoes gzip in half of zlib's time, and a zstd context
// that is kept halves the time of a metadata block.
//
// Bytes behind the end of a stream: as in the kernel's driver, gzip, zstd and xz stop where their
// first stream ends and pass over the rest, lzo refuses, and lz4, which has no end mark, takes
// them for more of the block. lzma, which the kernel does not read, is held to what xz is.
#include "image/read/decompress.h"

#include <libdeflate.h>
#include <lz4.h>
#include <lzma.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <limits>

#include <lzo/lzo1x.h>

namespace berth::read {
namespace {

// As the superblock numbers them.
constexpr unsigned kGzip = 1;
constexpr unsigned kLzma = 2;
constexpr unsigned kLzo = 3;
constexpr unsigned kXz = 4;
constexpr unsigned kLz4 = 5;
constexpr unsigned kZstd = 6;

constexpr std::array kNames{"gzip", "lzma", "lzo", "xz", "lz4", "zstd"};

/// For liblzma. A block is at most 1 MiB, so that no dictionary need be larger; 8 MiB, as `xz -6`
/// takes, fit in with the little that the library itself takes. An image may ask for 4 GiB.
constexpr std::uint64_t kMostMemory = 16U << 20U;

const std::uint8_t* octets(std::span<std::byte> bytes) noexcept {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

std::uint8_t* octets_to_write(std::span<std::byte> bytes) noexcept {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}

std::size_t undo_gzip(void* state, std::span<std::byte> in, std::span<std::byte> out) noexcept {
  std::size_t size = 0;
  const auto verdict = libdeflate_zlib_decompress(static_cast<libdeflate_decompressor*>(state),
                                                  in.data(),
                                                  in.size(),
                                                  out.data(),
                                                  out.size(),
                                                  &size);
  return verdict == LIBDEFLATE_SUCCESS ? size : 0;
}

std::size_t undo_zstd(void* state, std::span<std::byte> in, std::span<std::byte> out) noexcept {
  const std::size_t frame = ZSTD_findFrameCompressedSize(in.data(), in.size());
  if (ZSTD_isError(frame) != 0) return 0;
  const std::size_t size =
      ZSTD_decompressDCtx(static_cast<ZSTD_DCtx*>(state), out.data(), out.size(), in.data(), frame);
  return ZSTD_isError(size) == 0 ? size : 0;
}

std::size_t undo_lz4(std::span<std::byte> in, std::span<std::byte> out) noexcept {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  if (in.size() > kMost || out.size() > kMost) return 0;
  const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()),
                                       reinterpret_cast<char*>(out.data()),
                                       static_cast<int>(in.size()),
                                       static_cast<int>(out.size()));
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

std::size_t undo_lzo(std::span<std::byte> in, std::span<std::byte> out) noexcept {
  static const bool ready = lzo_init() == LZO_E_OK;
  lzo_uint size = out.size();
  const bool undone =
      ready && lzo1x_decompress_safe(octets(in), in.size(), octets_to_write(out), &size, nullptr) ==
                   LZO_E_OK;
  return undone ? size : 0;
}

std::size_t undo_xz(std::span<std::byte> in, std::span<std::byte> out) noexcept {
  std::uint64_t limit = kMostMemory;
  std::size_t read = 0;
  std::size_t written = 0;
  const lzma_ret verdict = lzma_stream_buffer_decode(
      &limit, 0, nullptr, octets(in), &read, in.size(), octets_to_write(out), &written, out.size());
  return verdict == LZMA_OK ? written : 0;
}

std::size_t undo_lzma(std::span<std::byte> in, std::span<std::byte> out) noexcept {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_alone_decoder(&stream, kMostMemory) != LZMA_OK) return 0;
  stream.next_in = octets(in);
  stream.avail_in = in.size();
  stream.next_out = octets_to_write(out);
  stream.avail_out = out.size();
  const lzma_ret verdict = lzma_code(&stream, LZMA_FINISH);
  const std::size_t written = out.size() - stream.avail_out;
  lzma_end(&stream);
  return verdict == LZMA_STREAM_END ? written : 0;
}

}  // namespace

const char* compressor_name(unsigned compressor) noexcept {
  return compressor == 0 || compressor > kNames.size() ? nullptr : kNames.at(compressor - 1);
}

bool can_decompress(unsigned compressor) noexcept {
  return compressor_name(compressor) != nullptr;
}

Decompressor::Decompressor(unsigned compressor) : compressor_(compressor) {
  if (compressor == kGzip) state_ = libdeflate_alloc_decompressor();
  if (compressor == kZstd) state_ = ZSTD_createDCtx();
}

Decompressor::~Decompressor() {
  if (state_ == nullptr) return;
  if (compressor_ == kGzip) {
    libdeflate_free_decompressor(static_cast<libdeflate_decompressor*>(state_));
  } else {
    (void)ZSTD_freeDCtx(static_cast<ZSTD_DCtx*>(state_));  // nothing to do about its outcome
  }
}

std::size_t Decompressor::run(std::span<std::byte> in, std::span<std::byte> out) noexcept {
  if (in.empty() || out.empty()) return 0;
  switch (compressor_) {
    case kGzip:
      return state_ == nullptr ? 0 : undo_gzip(state_, in, out);
    case kLzma:
      return undo_lzma(in, out);
    case kLzo:
      return undo_lzo(in, out);
    case kXz:
      return undo_xz(in, out);
    case kLz4:
      return undo_lz4(in, out);
    case kZstd:
      return state_ == nullptr ? 0 : undo_zstd(state_, in, out);
    default:
      return 0;
  }
}

}  // namespace berth::read
