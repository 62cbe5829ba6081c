// SPDX-License-Identifier: Apache-2.0
// Images from mksquashfs, whole and damaged, read in this process so that sanitizers see it.
#include "tests/component/serve_walk.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::serve {
namespace {

using Bytes = std::vector<std::byte>;

Bytes read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// The seeds of the fuzzer: one image for each compressor.
class SeedImages : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = testing::TempDir() + "berth-serve-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(pattern.data());
    const std::string script = std::string(BERTH_SOURCE_DIR) + "/tests/fuzz/squashfs_seeds.sh ";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    ASSERT_EQ(std::system((script + folder.string() + " > /dev/null").c_str()), 0);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      images.push_back(read_bytes(entry.path()));
    }
    std::filesystem::remove_all(folder);
  }

  static void TearDownTestSuite() { images.clear(); }

  static inline std::vector<Bytes> images;
};

TEST_F(SeedImages, AreReadWithoutAComplaint) {
  ASSERT_EQ(images.size(), 10U);
  for (const Bytes& image : images) {
    const read::Found walked = walk_image(image);
    EXPECT_FALSE(walked.is_refused);
    EXPECT_EQ(walked.errors, 0U);
    EXPECT_GE(walked.entries, 9U);
    EXPECT_GT(walked.bytes, 20000U);
  }
}

TEST_F(SeedImages, ThatAreCutAnywhereAreRefused) {
  for (const Bytes& image : images) {
    for (std::size_t size = 0; size < image.size(); size += 1 + size / 7) {
      EXPECT_TRUE(walk_image(std::span(image).first(size)).is_refused) << size;
    }
  }
}

TEST_F(SeedImages, WithEveryByteFlippedInTurnAreSurvived) {
  unsigned noticed = 0;
  for (const Bytes& image : images) {
    // Some of the data, which comes first, and all of the tables.
    for (std::size_t at = 0; at<image.size(); at += at> image.size() * 3 / 4 ? 1 : 37) {
      Bytes flipped = image;
      flipped.at(at) ^= std::byte{0xff};
      const read::Found walked = walk_image(flipped);
      noticed += walked.is_refused || walked.errors > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(noticed, 500U);
}

TEST_F(SeedImages, WithTablesOfNoiseAreSurvived) {
  std::minstd_rand chance(1);
  for (const Bytes& image : images) {
    for (unsigned round = 0; round < 300; ++round) {
      Bytes noisy = image;
      for (auto count = chance() % 12; count > 0; --count) {
        const std::size_t at = 96 + chance() % (noisy.size() - 96);
        noisy.at(at) = std::byte(chance());
      }
      EXPECT_EQ(walk_image(noisy).complaints, std::vector<std::string>{});
    }
  }
}

}  // namespace
}  // namespace berth::serve
