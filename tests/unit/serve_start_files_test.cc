// SPDX-License-Identifier: Apache-2.0
// What a server says of an image's start files is believed only where it can do no harm.
#include "image/serve/start_files.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::serve {
namespace {

using Kind = StartFile::Kind;
using Files = std::vector<StartFile>;

constexpr std::uint64_t kImageBytes = 1 << 20;

StartFile directory(const std::string& path) {
  return {path, Kind::directory, 0755, 7};
}

StartFile file(const std::string& path, std::uint64_t offset, std::uint64_t size) {
  return {path, Kind::file, 0644, 7, "", offset, size};
}

StartFile link(const std::string& path, const std::string& target) {
  return {path, Kind::link, 0777, 7, target};
}

bool is_believed(const Files& files) {
  return parse_start_files(to_bytes(files), kImageBytes).has_value();
}

TEST(StartFiles, ArriveAsTheyWereSent) {
  const Files files = {link("lib64", "usr/lib64"),
                       directory("usr"),
                       directory("usr/lib64"),
                       file("usr/lib64/ld.so", 96, 5000),
                       link("usr/lib64/ld-linux.so", "/usr/lib64/ld.so")};
  const auto parsed = parse_start_files(to_bytes(files), kImageBytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, files);
  EXPECT_TRUE(parse_start_files("", kImageBytes)->empty());
}

TEST(StartFiles, StayBelowTheirDirectory) {
  for (const char* path : {"", "/etc", "..", "../x", ".", "a/../b", "a//b", "a/", "a/."}) {
    SCOPED_TRACE(path);
    EXPECT_FALSE(is_believed({directory("a"), directory(path)}));
  }
  EXPECT_FALSE(is_believed({directory(std::string("a\0b", 3))}));
}

TEST(StartFiles, LieInDirectoriesThatCameBefore) {
  EXPECT_FALSE(is_believed({file("a/b", 0, 1)}));
  EXPECT_FALSE(is_believed({file("a/b", 0, 1), directory("a")}));
  EXPECT_FALSE(is_believed({link("a", "/home"), file("a/b", 0, 1)}));
  EXPECT_FALSE(is_believed({link("a", "/home"), directory("a"), file("a/b", 0, 1)}));
  EXPECT_FALSE(is_believed({directory("a"), directory("a")}));
}

TEST(StartFiles, LieInTheImage) {
  EXPECT_TRUE(is_believed({file("a", kImageBytes - 10, 10)}));
  EXPECT_FALSE(is_believed({file("a", kImageBytes - 10, 11)}));
  EXPECT_FALSE(is_believed({file("a", kImageBytes + 1, 0)}));
  EXPECT_FALSE(is_believed({file("a", ~std::uint64_t{0}, 2)}));
  EXPECT_FALSE(is_believed({file("a", 2, ~std::uint64_t{0})}));
}

TEST(StartFiles, AreBounded) {
  Files many;
  for (std::size_t i = 0; i < kMostStartFiles; ++i)
    many.push_back(file("f" + std::to_string(i), 0, 10));
  EXPECT_TRUE(is_believed(many));
  for (const StartFile& one : {file("one more", 0, 10), link("a link", "f0"), directory("d")}) {
    many.push_back(one);
    EXPECT_FALSE(is_believed(many)) << one.path;
    many.pop_back();
  }
  const auto large =
      to_bytes({file("a", 0, kMostStartBytes / 2), file("b", 0, kMostStartBytes / 2)});
  EXPECT_TRUE(parse_start_files(large, kMostStartBytes));
  const auto larger =
      to_bytes({file("a", 0, kMostStartBytes / 2), file("b", 0, kMostStartBytes / 2 + 1)});
  EXPECT_FALSE(parse_start_files(larger, kMostStartBytes));
}

TEST(StartFiles, HaveNoSetIdBits) {
  for (const unsigned mode : {04755U, 02755U, 010755U}) {
    StartFile one = file("a", 0, 1);
    one.mode = static_cast<std::uint16_t>(mode);
    EXPECT_FALSE(is_believed({one})) << mode;
  }
}

TEST(StartFiles, AreOfAKindThatThereIsAndWhole) {
  EXPECT_FALSE(is_believed({link("a", "")}));
  EXPECT_FALSE(is_believed({link("a", std::string("b\0c", 3))}));
  StartFile other = file("a", 0, 1);
  other.kind = static_cast<Kind>(3);
  EXPECT_FALSE(is_believed({other}));
  const std::string whole = to_bytes({file("a", 0, 1), link("b", "target")});
  const std::size_t one = to_bytes({file("a", 0, 1)}).size();
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_EQ(parse_start_files(whole.substr(0, size), kImageBytes).has_value(), size == one)
        << size;
}

}  // namespace
}  // namespace berth::serve
