// SPDX-License-Identifier: Apache-2.0
// The loader's cache: what ldconfig(8) has made is read and written again, and damaged ones are
// nothing.
#include "hooks/ldcache/cache_file.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

std::string cache_of_this_machine() {
  std::ifstream file("/etc/ld.so.cache", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> names_in(const CacheFile& file) {
  std::vector<std::string> names;
  for (const CacheEntry& entry : file.entries)
    names.push_back(entry.name);
  return names;
}

TEST(LoaderCache, IsReadAndWrittenAgain) {
  const auto file = parse_cache(cache_of_this_machine());
  ASSERT_TRUE(file);
  ASSERT_GT(file->entries.size(), 10U);
  // ldconfig's order is the loader's, and stays.
  EXPECT_EQ(parse_cache(make_cache(*file)), file);
}

std::vector<CacheEntry> entries_of(const std::vector<std::string>& names,
                                   const std::string& directory) {
  std::vector<CacheEntry> entries;
  entries.reserve(names.size());
  for (const std::string& name : names)
    entries.push_back({own_kind(), name, directory + name});
  return entries;
}

TEST(LoaderCache, HasNumbersByTheirValueAndOfOneNameTheFirst) {
  CacheFile file{entries_of({"libbb.so", "liba.so"}, "/image/")};
  auto brought =
      entries_of({"libb.so.9", "libb.so.10", "liba.so", "libb.so.09", "libb.so"}, "/first/");
  brought.push_back({own_kind(), "liba.so", "/second/liba.so"});
  put_in_front(file, std::move(brought));
  const auto made = parse_cache(make_cache(file));
  ASSERT_TRUE(made);
  EXPECT_EQ(names_in(*made),
            (std::vector<std::string>{"libbb.so",
                                      "libb.so.10",
                                      "libb.so.9",
                                      "libb.so.09",
                                      "libb.so",
                                      "liba.so",
                                      "liba.so",
                                      "liba.so"}));
  const std::size_t size = made->entries.size();
  EXPECT_EQ(made->entries[size - 3].path, "/first/liba.so");
  EXPECT_EQ(made->entries[size - 2].path, "/second/liba.so");
  EXPECT_EQ(made->entries[size - 1].path, "/image/liba.so");
}

// Seen with ldconfig of glibc 2.36.
TEST(LoaderCache, HasLargeNumbersInTheLoadersOrder) {
  const std::vector<std::string> order = {"3000000000.so",
                                          "2147483648.so",
                                          "2147483647.so",
                                          "9999999999.so",
                                          "lib-9.so",
                                          "lib-1.so",
                                          "lib-20240101123456.so",
                                          "lib-20240101123455.so"};
  CacheFile file;
  put_in_front(file, entries_of({order.rbegin(), order.rend()}, "/lib/"));
  EXPECT_EQ(names_in(file), order);
}

TEST(LoaderCache, LeavesTheOrderOfTheImage) {
  // Each of the numbers is above the next, and the last above the first.
  const std::vector<std::string> names = {
      "3000000000.so", "9999999999.so", "5000000000.so", "liba.so", "libz.so"};
  CacheFile file{entries_of(names, "/lib/")};
  put_in_front(file,
               entries_of({"libzz.so", "lib-20240101123456.so", "4000000000.so"}, "/brought/"));
  std::vector<std::string> kept;
  for (const CacheEntry& entry : file.entries)
    if (entry.path.starts_with("/lib/")) kept.push_back(entry.name);
  EXPECT_EQ(kept, names);
  EXPECT_EQ(file.entries.size(), 8U);
}

TEST(LoaderCache, KeepsWhatIsForNewerProcessorsOnly) {
  const CacheFile file{
      {{own_kind(), "liba.so", "/lib/glibc-hwcaps/x86-64-v3/liba.so", 0, 1ULL << 62U},
       {own_kind(), "liba.so", "/lib/liba.so"}},
      {"x86-64-v3"}};
  EXPECT_EQ(parse_cache(make_cache(file)), file);
}

void add(std::string& bytes, std::vector<std::uint32_t> words) {
  bytes.append(reinterpret_cast<const char*>(words.data()), words.size() * sizeof words[0]);
}

TEST(LoaderCache, HasNoMoreCapabilitiesThanCanBeWrittenAgain) {
  constexpr std::uint32_t kNames = 40;
  constexpr std::uint32_t kPlaces = 4 * kNames;  // bytes
  const std::vector<std::string> names(kNames, "x86-64-v3");
  std::string bytes = make_cache({{{own_kind(), "liba.so", "/lib/liba.so"}}, names});
  const auto extension = static_cast<std::uint32_t>(bytes.size() - kPlaces - 24);
  std::string two;  // sections, both with the names that the one has
  add(two, {0xeaa42174, 2});
  for (int i = 0; i < 2; ++i)
    add(two, {1, 0, extension + 24, kPlaces});
  std::string place;
  add(place, {static_cast<std::uint32_t>(bytes.size())});
  bytes.replace(32, 4, place);
  const auto file = parse_cache(bytes + two);
  ASSERT_TRUE(file);
  EXPECT_GT(file->capabilities.size(), names.size());
  EXPECT_EQ(parse_cache(make_cache(*file)), file);
}

TEST(LoaderCache, IsNothingWhereItIsDamaged) {
  const std::string good = make_cache({{{own_kind(), "liba.so", "/lib/liba.so"}}, {"x86-64-v3"}});
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_LE(parse_cache(good.substr(0, size)).value_or(CacheFile()).entries.size(), 1U);
  std::string many = good;
  many.replace(20, 4, "\xff\xff\xff\xff");
  EXPECT_FALSE(parse_cache(many));
  for (std::size_t at = 24; at < good.size(); ++at) {
    std::string changed = good;
    changed.replace(at, 1, "\xff");
    (void)parse_cache(changed);  // reads nothing that is not there
  }
  EXPECT_FALSE(parse_cache("ld.so-1.7.0"));
}

}  // namespace
}  // namespace berth::hooks
