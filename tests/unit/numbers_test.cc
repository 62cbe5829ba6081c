// SPDX-License-Identifier: Apache-2.0
#include "base/numbers.h"

#include <sched.h>

#include <thread>

#include <gtest/gtest.h>

namespace berth {
namespace {

Numbers numbers(std::string_view text) {
  return parse_numbers(text).value_or(Numbers());
}

TEST(Numbers, AreWrittenAsTheKernelWritesThem) {
  for (const char* text : {"0", "0-3", "0-3,8", "1,3,5-6", "63-64", "1023-1025", "65535"})
    EXPECT_EQ(to_text(numbers(text)), text);
  EXPECT_EQ(to_text(numbers("3,1,2,2")), "1-3");
  EXPECT_EQ(to_text(Numbers()), "");
}

TEST(Numbers, WhatIsNoListIsRefused) {
  for (const char* text : {"",
                           ",",
                           "1,",
                           ",1",
                           "3-1",
                           "-1",
                           "1-",
                           "a",
                           "1 ",
                           " 1",
                           "0x1",
                           "65536",
                           "0-4294967295",
                           "18446744073709551616",
                           "1-2-3",
                           "+1"})
    EXPECT_FALSE(parse_numbers(text)) << text;
}

TEST(Numbers, CountAndCompare) {
  const Numbers some = numbers("0-3,1024");
  EXPECT_EQ(some.count(), 5U);
  EXPECT_TRUE(some.has(1024));
  EXPECT_FALSE(some.has(1023));
  EXPECT_FALSE(some.has(~0U));
  EXPECT_TRUE(some.contains(numbers("2-3")));
  EXPECT_TRUE(some.contains(Numbers()));
  EXPECT_FALSE(some.contains(numbers("2-4")));
  EXPECT_FALSE(some.contains(numbers("2000")));
  EXPECT_EQ(some.common_with(numbers("2-1024")), numbers("2-3,1024"));
  // Nothing above is left of it, so that equal sets are equal.
  EXPECT_EQ(some.common_with(numbers("2-1023")), numbers("2-3"));
  EXPECT_TRUE(some.common_with(numbers("9,2000")).is_empty());
  EXPECT_EQ(some.all(), (std::vector<unsigned>{0, 1, 2, 3, 1024}));
}

TEST(Numbers, NothingIsAddedBehindTheLast) {
  Numbers some;
  some.add(Numbers::kMost);
  some.add(~0U);
  EXPECT_TRUE(some.is_empty());
  EXPECT_EQ(Numbers(std::vector<unsigned long>(100000, ~0UL)).count(), Numbers::kMost);
}

TEST(Affinity, IsThatOfTheProcess) {
  // On a thread of its own, so that this one stays where it may be.
  std::thread([] {
    const auto all = affinity_of(0);
    ASSERT_TRUE(all);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(all->all().back(), &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(to_text(*affinity_of(0)), std::to_string(all->all().back()));
  }).join();
  EXPECT_FALSE(affinity_of(0x7ffffff0));
}

}  // namespace
}  // namespace berth
