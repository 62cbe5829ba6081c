// SPDX-License-Identifier: Apache-2.0
// The loader's cache: what ldconfig(8) has made is read and written again, and damaged ones are
// nothing.
#include "hooks/ldcache/cache_file.h"

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

TEST(LoaderCache, HasNumbersByTheirValueAndOfOneNameTheFirst) {
  CacheFile file;
  for (const char* name :
       {"libb.so.9", "libb.so.10", "liba.so", "libb.so.09", "libb.so", "libbb.so"})
    file.entries.push_back({own_kind(), name, std::string("/first/") + name});
  file.entries.push_back({own_kind(), "liba.so", "/second/liba.so"});
  const auto made = parse_cache(make_cache(file));
  ASSERT_TRUE(made);
  EXPECT_EQ(
      names_in(*made),
      (std::vector<std::string>{
          "libbb.so", "libb.so.10", "libb.so.9", "libb.so.09", "libb.so", "liba.so", "liba.so"}));
  EXPECT_EQ(made->entries.back().path, "/second/liba.so");
}

TEST(LoaderCache, KeepsWhatIsForNewerProcessorsOnly) {
  const CacheFile file{
      {{own_kind(), "liba.so", "/lib/glibc-hwcaps/x86-64-v3/liba.so", 0, 1ULL << 62U},
       {own_kind(), "liba.so", "/lib/liba.so"}},
      {"x86-64-v3"}};
  EXPECT_EQ(parse_cache(make_cache(file)), file);
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
