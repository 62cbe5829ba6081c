// SPDX-License-Identifier: Apache-2.0
// The texts of an image of changes, and the mounts of a container.
#include "image/cli/changes.h"

#include "image/source/json.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

using layers::Mark;
using std::string_literals::operator""s;

const std::string kSome = "sha256:" + std::string(64, 'a');

TEST(Deleted, ComesBackWhateverTheNames) {
  const std::vector<Mark> marks = {{Mark::Kind::whiteout, "z\n"},
                                   {Mark::Kind::opaque, "a/\xff"},
                                   {Mark::Kind::whiteout, "a/.wh.b"},
                                   {Mark::Kind::opaque, ""}};
  const std::string text = make_deleted(marks);
  EXPECT_EQ(text, "/\0a/.wh.b\0a/\xff/\0z\n\0"s);
  const auto back = parse_deleted(text, "img");
  ASSERT_TRUE(back);
  EXPECT_EQ(make_deleted(*back), text);
  EXPECT_EQ((*back)[0].kind, Mark::Kind::opaque);
  EXPECT_EQ((*back)[0].path, "");
  EXPECT_EQ((*back)[2].path, "a/\xff");
  EXPECT_TRUE(parse_deleted("", "img")->empty());
}

TEST(Deleted, IsRefusedWhereItIsNoListOfPaths) {
  for (const std::string& text : {"a"s, "\0"s, "a\0\0"s, "a/../b\0"s, "..\0"s, ".\0"s})
    EXPECT_FALSE(parse_deleted(text, "img")) << text;
}

TEST(ChangesConfig, SaysWhatItIsStackedOnAndKeepsTheRest) {
  const auto text =
      make_changes_config(R"({"config":{"Env":["A=b"]},"berth":{"x":1}})", {kSome, "app:v1"});
  ASSERT_TRUE(text);
  EXPECT_EQ(parse_base(*text).digest, kSome);
  EXPECT_EQ(parse_base(*text).image, "app:v1");
  const source::Json config = source::Json::parse(*text);
  EXPECT_EQ(config["config"]["Env"][0], "A=b");
  EXPECT_EQ(config["berth"]["x"], 1);
  EXPECT_EQ(parse_base(*make_changes_config("", {kSome, ""})).digest, kSome);
  EXPECT_FALSE(make_changes_config("[]", {kSome, "app"}));
}

TEST(ChangesConfig, IsThatOfAWholeImageWhereItNamesNoDigest) {
  for (const char* text : {"",
                           "{",
                           "[]",
                           R"({"berth":7})",
                           R"({"berth":{"stacked_on":[]}})",
                           R"({"berth":{"stacked_on":{"digest":"../x"}}})",
                           R"({"berth":{"stacked_on":{"digest":7}}})"})
    EXPECT_EQ(parse_base(text).digest, "") << text;
}

TEST(MergedConfig, HasOneStepMoreAndNoLayerForIt) {
  const auto text = make_merged_config(R"({"history":[{"created_by":"one"}],"os":"linux"})", "img");
  ASSERT_TRUE(text);
  const source::Json config = source::Json::parse(*text);
  ASSERT_EQ(config["history"].size(), 2U);
  EXPECT_EQ(config["history"][1]["empty_layer"], true);
  EXPECT_EQ(make_merged_config(R"({"history":7})", "img").has_value(), true);
  EXPECT_FALSE(make_merged_config("7", "img"));
}

}  // namespace
}  // namespace berth::cli
