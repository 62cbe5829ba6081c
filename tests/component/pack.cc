// SPDX-License-Identifier: Apache-2.0
#include "tests/component/pack.h"

#include <libdeflate.h>
#include <lz4.h>
#include <lzma.h>
#include <zstd.h>

#include <cstring>

#include <gtest/gtest.h>
#include <lzo/lzo1x.h>

namespace berth::read {
namespace {

std::uint8_t* octets(Bytes& bytes) {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}

char* chars(Bytes& bytes) {
  return reinterpret_cast<char*>(bytes.data());
}

std::size_t pack_gzip(Bytes& plain, Bytes& packed) {
  auto* state = libdeflate_alloc_compressor(6);
  const std::size_t size =
      libdeflate_zlib_compress(state, plain.data(), plain.size(), packed.data(), packed.size());
  libdeflate_free_compressor(state);
  return size;
}

/// To the end, with an encoder that is set up.
std::size_t finish(lzma_stream& stream, Bytes& plain, Bytes& packed) {
  stream.next_in = octets(plain);
  stream.avail_in = plain.size();
  stream.next_out = octets(packed);
  stream.avail_out = packed.size();
  EXPECT_EQ(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
  const std::size_t size = stream.total_out;
  lzma_end(&stream);
  return size;
}

std::size_t pack_lzma(Bytes& plain, Bytes& packed) {
  lzma_options_lzma options{};
  EXPECT_EQ(lzma_lzma_preset(&options, 1), 0);
  lzma_stream stream = LZMA_STREAM_INIT;
  EXPECT_EQ(lzma_alone_encoder(&stream, &options), LZMA_OK);
  return finish(stream, plain, packed);
}

std::size_t pack_lzo(Bytes& plain, Bytes& packed) {
  EXPECT_EQ(lzo_init(), LZO_E_OK);
  Bytes memory(LZO1X_1_MEM_COMPRESS);
  lzo_uint size = packed.size();
  EXPECT_EQ(lzo1x_1_compress(octets(plain), plain.size(), octets(packed), &size, memory.data()),
            LZO_E_OK);
  return size;
}

std::size_t pack_xz(Bytes& plain, Bytes& packed) {
  lzma_stream stream = LZMA_STREAM_INIT;
  EXPECT_EQ(lzma_easy_encoder(&stream, 1, LZMA_CHECK_CRC32), LZMA_OK);
  return finish(stream, plain, packed);
}

}  // namespace

Bytes pack(unsigned compressor, Bytes plain) {
  Bytes packed(2 * plain.size() + 4096);
  std::size_t size = 0;
  switch (compressor) {
    case kGzip:
      size = pack_gzip(plain, packed);
      break;
    case kLzma:
      size = pack_lzma(plain, packed);
      break;
    case kLzo:
      size = pack_lzo(plain, packed);
      break;
    case kXz:
      size = pack_xz(plain, packed);
      break;
    case kLz4:
      size = static_cast<std::size_t>(LZ4_compress_default(chars(plain),
                                                           chars(packed),
                                                           static_cast<int>(plain.size()),
                                                           static_cast<int>(packed.size())));
      break;
    default:
      size = ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3);
  }
  EXPECT_GT(size, 0U);
  EXPECT_LT(size, plain.size());
  packed.resize(size);
  return packed;
}

void set_xz_dictionary(Bytes& packed, unsigned code) {
  // The first block's header (xz-file-format, 3.1): its size at 12, flags, LZMA2's number, one byte
  // of properties, the dictionary (5.3.1), and a CRC32 at its end.
  ASSERT_EQ(packed.at(14), std::byte{0x21});
  const std::size_t size = (std::to_integer<std::size_t>(packed.at(12)) + 1) * 4;
  packed.at(16) = static_cast<std::byte>(code);
  patch(packed, 12 + size - 4, lzma_crc32(octets(packed) + 12, size - 4, 0));
}

void set_lzma_dictionary(Bytes& packed, std::uint32_t size) {
  patch(packed, 1, size);  // behind the byte of properties
}

}  // namespace berth::read
