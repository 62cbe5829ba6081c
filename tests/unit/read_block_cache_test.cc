// SPDX-License-Identifier: Apache-2.0
#include "image/read/block_cache.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace berth::read {
namespace {

/// Fills a slot with its key, and counts.
struct Source {
  std::atomic<unsigned> filled = 0;

  BlockCache::Pin get(BlockCache& cache, std::uint64_t key) {
    return cache.get(key, [&](std::span<std::byte> out) {
      ++filled;
      std::memcpy(out.data(), &key, sizeof key);
      return Filled{sizeof key, key + 1};
    });
  }
};

std::uint64_t content_of(const BlockCache::Pin& pin) {
  if (!pin) return ~std::uint64_t{0};
  std::uint64_t value = 0;
  EXPECT_EQ(pin.bytes().size(), sizeof value);
  std::memcpy(&value, pin.bytes().data(), sizeof value);
  return value;
}

TEST(BlockCache, FillsABlockOnceAndDropsTheOneUsedLongestAgo) {
  BlockCache cache(3, 4096);
  Source source;
  for (const std::uint64_t key : {1U, 2U, 3U, 1U}) {
    const auto pin = source.get(cache, key);
    EXPECT_EQ(content_of(pin), key);
    EXPECT_EQ(pin.next(), key + 1);
  }
  EXPECT_EQ(source.filled, 3U);
  (void)source.get(cache, 4);  // in the place of 2
  (void)source.get(cache, 1);
  (void)source.get(cache, 3);
  EXPECT_EQ(source.filled, 4U);
  (void)source.get(cache, 2);
  EXPECT_EQ(source.filled, 5U);
}

TEST(BlockCache, APinnedBlockStays) {
  BlockCache cache(2, 4096);
  Source source;
  const auto kept = source.get(cache, 100);
  for (std::uint64_t key = 0; key < 10; ++key)
    (void)source.get(cache, key);
  EXPECT_EQ(content_of(kept), 100U);
}

TEST(BlockCache, ABlockThatCannotBeReadIsAskedForAgain) {
  BlockCache cache(2, 4096);
  Source source;
  EXPECT_FALSE(cache.get(7, [](std::span<std::byte>) { return Filled{}; }));
  EXPECT_TRUE(source.get(cache, 7));
  EXPECT_EQ(source.filled, 1U);
}

TEST(BlockCache, FourThreadsOnThreeSlotsSeeTheirOwnBlocks) {
  BlockCache cache(3, 4096);
  Source source;
  std::atomic<unsigned> wrong = 0;
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      for (unsigned i = 0; i < 2000; ++i) {
        const std::uint64_t key = (i * 7 + number) % 11;
        const auto pin = source.get(cache, key);
        if (!pin || content_of(pin) != key) ++wrong;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace berth::read
