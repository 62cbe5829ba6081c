// SPDX-License-Identifier: Apache-2.0
#include "image/read/decompress.h"
#include "tests/component/pack.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::read {
namespace {

/// Compressible, and no two stretches of it alike.
Bytes make_plain() {
  std::string text;
  for (int line = 0; line < 2000; ++line)
    text += "line " + std::to_string(line * 7919) + " of the block\n";
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
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
  set_xz_dictionary(packed, 22);  // 8 MiB
  EXPECT_EQ(undo(kXz, packed, plain.size()), plain);
  rusage before{};
  ASSERT_EQ(getrusage(RUSAGE_SELF, &before), 0);
  set_xz_dictionary(packed, 36);  // 1 GiB
  EXPECT_TRUE(undo(kXz, packed, plain.size()).empty());
  rusage after{};
  ASSERT_EQ(getrusage(RUSAGE_SELF, &after), 0);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 << 10);
}

TEST(DecompressLzma, RefusesADictionaryOfAGibibyte) {
  const Bytes plain = make_plain();
  Bytes packed = pack(kLzma, plain);
  set_lzma_dictionary(packed, 1U << 30U);
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
