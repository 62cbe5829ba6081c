// SPDX-License-Identifier: Apache-2.0
#include "image/read/decompress.h"

#include <libdeflate.h>
#include <lz4.h>
#include <lzma.h>
#include <sys/resource.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
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

using Bytes = std::vector<std::byte>;

std::uint8_t* octets(Bytes& bytes) {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}

char* chars(Bytes& bytes) {
  return reinterpret_cast<char*>(bytes.data());
}

/// Compressible, and no two stretches of it alike.
Bytes make_plain() {
  std::string text;
  for (int line = 0; line < 2000; ++line)
    text += "line " + std::to_string(line * 7919) + " of the block\n";
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
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

/// What comes out of `in` where `room` bytes fit; the memory is exactly as large, for the
/// sanitizer.
Bytes undo(unsigned compressor, Bytes in, std::size_t room) {
  in.shrink_to_fit();
  Bytes out(room, std::byte{0x5a});
  Decompressor decompressor(compressor);
  const std::size_t size = decompressor.run(in, out);
  EXPECT_LE(size, room);
  out.resize(std::min(size, room));
  return out;
}

class Decompress : public testing::TestWithParam<unsigned> {};

TEST_P(Decompress, GivesBackWhatWentIn) {
  const Bytes plain = make_plain();
  const Bytes packed = pack(GetParam(), plain);
  EXPECT_TRUE(can_decompress(GetParam()));
  EXPECT_EQ(undo(GetParam(), packed, plain.size()), plain);
  EXPECT_EQ(undo(GetParam(), packed, plain.size() + 5000), plain);
}

TEST_P(Decompress, WorksAfterADamagedBlock) {
  const Bytes plain = make_plain();
  Bytes packed = pack(GetParam(), plain);
  Bytes zeros(100);
  Bytes out(plain.size());
  Decompressor decompressor(GetParam());
  (void)decompressor.run(zeros, out);
  EXPECT_EQ(decompressor.run(packed, out), plain.size());
  EXPECT_EQ(out, plain);
}

TEST_P(Decompress, NeverTakesATruncatedBlockForAWholeOne) {
  const Bytes plain = make_plain();
  const Bytes packed = pack(GetParam(), plain);
  for (std::size_t size = 0; size < packed.size(); size += size < 64 ? 1 : 97) {
    const Bytes part(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size));
    const Bytes out = undo(GetParam(), part, plain.size());
    // lz4 has no end mark: what it gives is the beginning, and shorter.
    EXPECT_TRUE(GetParam() == kLz4 || out.empty()) << size;
    EXPECT_LT(out.size(), plain.size()) << size;
    EXPECT_TRUE(std::equal(out.begin(), out.end(), plain.begin())) << size;
  }
}

TEST_P(Decompress, RefusesWhatDoesNotFit) {
  const Bytes plain = make_plain();
  const Bytes packed = pack(GetParam(), plain);
  for (const std::size_t room :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, plain.size() - 1})
    EXPECT_TRUE(undo(GetParam(), packed, room).empty()) << room;
}

TEST_P(Decompress, HoldsAgainstGarbage) {
  std::mt19937 random(1);
  for (const std::size_t size : {1U, 13U, 64U, 8192U}) {
    (void)undo(GetParam(), Bytes(size, std::byte{0}), 8192);
    (void)undo(GetParam(), Bytes(size, std::byte{0xff}), 8192);
    for (int round = 0; round < 50; ++round) {
      Bytes bytes(size);
      for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(random());
      (void)undo(GetParam(), bytes, 8192);
    }
  }
  EXPECT_TRUE(undo(GetParam(), {}, 8192).empty());
}

TEST_P(Decompress, TreatsBytesBehindTheStreamAsTheKernelDoes) {
  const Bytes plain = make_plain();
  Bytes packed = pack(GetParam(), plain);
  packed.insert(packed.end(), 40, std::byte{0x77});
  const bool refused = GetParam() == kLzo || GetParam() == kLz4;
  EXPECT_EQ(undo(GetParam(), packed, plain.size()), refused ? Bytes{} : plain);
}

INSTANTIATE_TEST_SUITE_P(Each,
                         Decompress,
                         testing::Values(kGzip, kLzma, kLzo, kXz, kLz4, kZstd),
                         [](const auto& which) {
                           return std::string(compressor_name(which.param));
                         });

TEST(DecompressXz, RefusesADictionaryOfAGibibyte) {
  const Bytes plain = make_plain();
  Bytes packed = pack(kXz, plain);
  // The first block's header (xz-file-format, 3.1): its size at 12, flags, LZMA2's number, one byte
  // of properties, the dictionary (5.3.1), and a CRC32 at its end.
  ASSERT_EQ(packed.at(14), std::byte{0x21});
  const std::size_t size = (std::to_integer<std::size_t>(packed.at(12)) + 1) * 4;
  const auto set_dictionary = [&](unsigned code) {
    packed.at(16) = static_cast<std::byte>(code);
    const std::uint32_t sum = lzma_crc32(octets(packed) + 12, size - 4, 0);
    std::memcpy(&packed.at(12 + size - 4), &sum, sizeof sum);
  };
  set_dictionary(22);  // 8 MiB
  EXPECT_EQ(undo(kXz, packed, plain.size()), plain);
  rusage before{};
  ASSERT_EQ(getrusage(RUSAGE_SELF, &before), 0);
  set_dictionary(36);  // 1 GiB
  EXPECT_TRUE(undo(kXz, packed, plain.size()).empty());
  rusage after{};
  ASSERT_EQ(getrusage(RUSAGE_SELF, &after), 0);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 << 10);
}

TEST(DecompressLzma, RefusesADictionaryOfAGibibyte) {
  const Bytes plain = make_plain();
  Bytes packed = pack(kLzma, plain);
  const std::uint32_t dictionary = 1U << 30U;  // behind the byte of properties
  std::memcpy(&packed.at(1), &dictionary, sizeof dictionary);
  EXPECT_TRUE(undo(kLzma, packed, plain.size()).empty());
}

TEST(DecompressLz4, NeverShowsWhatWasInTheOutput) {
  // One literal, a match at distance 0, and literals to end the block.
  const Bytes block{std::byte{0x14},
                    std::byte{'a'},
                    std::byte{0},
                    std::byte{0},
                    std::byte{0x50},
                    std::byte{'b'},
                    std::byte{'b'},
                    std::byte{'b'},
                    std::byte{'b'},
                    std::byte{'b'}};
  const Bytes out = undo(kLz4, block, 64);
  EXPECT_EQ(std::count(out.begin(), out.end(), std::byte{0x5a}), 0);
}

}  // namespace
}  // namespace berth::read
