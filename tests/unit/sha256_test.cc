// SPDX-License-Identifier: Apache-2.0
// The hash tree's own SHA-256 against the standard's examples and against OpenSSL.
#include "image/integrity/sha256.h"

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace berth::integrity {
namespace {

constexpr std::array kWays{Sha256::Way::quickest, Sha256::Way::portable};

std::string hex_of_text(std::string_view text, Sha256::Way way) {
  Sha256 hash(way);
  hash.add(std::as_bytes(std::span(text)));
  return hex_of(hash.take());
}

Digest digest_by_openssl(std::span<const std::byte> bytes) {
  Digest digest;
  unsigned size = 0;
  EXPECT_EQ(EVP_Digest(bytes.data(),
                       bytes.size(),
                       reinterpret_cast<unsigned char*>(digest.data()),
                       &size,
                       EVP_sha256(),
                       nullptr),
            1);
  EXPECT_EQ(size, digest.size());
  return digest;
}

std::vector<std::byte> noise(std::size_t count) {
  std::minstd_rand chance(1);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes)
    byte = std::byte(chance() >> 8);
  return bytes;
}

TEST(Sha256, GivesTheDigestsOfTheStandardsExamples) {
  for (const auto way : kWays) {
    EXPECT_EQ(hex_of_text("", way),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_of_text("abc", way),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", way),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex_of_text(std::string(1000000, 'a'), way),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

TEST(Sha256, AgreesWithOpensslForEveryLengthUpToFourBlocks) {
  const auto bytes = noise(256);
  for (std::size_t count = 0; count <= bytes.size(); ++count) {
    const auto part = std::span(bytes).first(count);
    for (const auto way : kWays) {
      Sha256 hash(way);
      hash.add(part);
      EXPECT_EQ(hash.take(), digest_by_openssl(part)) << count;
    }
  }
}

TEST(Sha256, DoesNotCareInWhichPiecesTheBytesCome) {
  const auto bytes = noise(100000);
  const Digest expected = digest_by_openssl(bytes);
  std::minstd_rand chance(2);
  for (unsigned round = 0; round < 100; ++round) {
    Sha256 hash(kWays.at(round % 2));
    const std::size_t longest = round < 50 ? 200 : 30000;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t count = std::min<std::size_t>(chance() % longest, bytes.size() - at);
      hash.add(std::span(bytes).subspan(at, count));
      at += count;
    }
    EXPECT_EQ(hash.take(), expected);
  }
}

TEST(Sha256, AddsToTwoAtOnceAsToOneAfterTheOther) {
  const auto bytes = noise(9000);
  for (const std::size_t before : {0U, 64U, 40U}) {
    for (const std::size_t count : {0U, 64U, 4096U, 100U, 8192U}) {
      for (const auto way : kWays) {
        const auto first = std::span(bytes).first(before + count);
        const auto second = std::span(bytes).subspan(7, before + count);
        Sha256 one(way);
        Sha256 two;
        one.add(first.first(before));
        two.add(second.first(before));
        Sha256::add_to_two(one, first.subspan(before), two, second.subspan(before));
        EXPECT_EQ(one.take(), digest_by_openssl(first));
        EXPECT_EQ(two.take(), digest_by_openssl(second));
      }
    }
  }
}

TEST(Sha256, AddsDifferentNumbersOfBytesToTwo) {
  const auto bytes = noise(20000);
  std::minstd_rand chance(3);
  for (unsigned round = 0; round < 50; ++round) {
    Sha256 one;
    Sha256 two;
    std::size_t first = 0;
    std::size_t second = 0;
    while (first < 10000 && second < 10000) {
      const std::size_t to_first = chance() % 2000;
      const std::size_t to_second = chance() % 2000;
      Sha256::add_to_two(one,
                         std::span(bytes).subspan(first, to_first),
                         two,
                         std::span(bytes).subspan(second, to_second));
      first += to_first;
      second += to_second;
    }
    EXPECT_EQ(one.take(), digest_by_openssl(std::span(bytes).first(first)));
    EXPECT_EQ(two.take(), digest_by_openssl(std::span(bytes).first(second)));
  }
}

}  // namespace
}  // namespace berth::integrity
