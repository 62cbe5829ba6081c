// SPDX-License-Identifier: Apache-2.0
// The two texts of a launch profile: what was written is read again, and nothing else is.
#include "image/profile/profile.h"

#include <gtest/gtest.h>

namespace berth::profile {
namespace {

const Stamp kStamp{1000, 800, 42};
const Stamp kOther{1001, 800, 42};

/// The message that refuses 'p', for that reason.
std::string refusal(const std::string& why) {
  std::string text = "berth: cannot use 'p' as a launch profile: ";
  text += why;
  text += "\nberth: hint: record one with: berth run --record-profile FILE IMAGE -- PROGRAM";
  return text;
}

std::string message_of(const Result<std::vector<Touch>>& result) {
  return result ? "no error" : to_text(result.error());
}

TEST(LaunchProfile, ARecordIsReadAsItWasWritten) {
  const std::vector<Touch> touches{{7, 0}, {7, 3}, {UINT64_MAX, UINT64_MAX}, {1, 0}};
  std::string text = first_line(kStamp);
  for (const Touch& touch : touches)
    text += line_of(touch);
  EXPECT_EQ(
      "berth launch profile 1 1000 800 42\n7 0\n7 3\n18446744073709551615 "
      "18446744073709551615\n1 0\n",
      text);
  const auto read = parse_record(text, kStamp, "p");
  ASSERT_TRUE(read) << message_of(read);
  EXPECT_EQ(touches, *read);
}

TEST(LaunchProfile, ALastLineThatIsNotWholeIsPassedOver) {
  const auto read = parse_record(first_line(kStamp) + "7 0\n8 1", kStamp, "p");
  ASSERT_TRUE(read);
  EXPECT_EQ((std::vector<Touch>{{7, 0}}), *read);
}

TEST(LaunchProfile, WhatIsNoRecordIsRefused) {
  for (const std::string& text : {std::string(),
                                  std::string("hsqs"),
                                  std::string("berth launch profile 1 1 2\n"),
                                  std::string("berth launch profile 1 1 2 3 4\n"),
                                  std::string("berth launch profile 2 1000 800 42\n")})
    EXPECT_EQ(refusal("it does not begin like one"), message_of(parse_record(text, kStamp, "p")));
  EXPECT_EQ(refusal("it was recorded with another image"),
            message_of(parse_record(first_line(kOther), kStamp, "p")));
  for (const char* line : {"7",
                           "7 ",
                           "7  0",
                           " 7 0",
                           "7 0 ",
                           "7 0 1",
                           "-7 0",
                           "7 x",
                           "",
                           "7\t0",
                           "18446744073709551616 0"})
    EXPECT_EQ(refusal("line 3 is not two numbers"),
              message_of(parse_record(first_line(kStamp) + "1 1\n" + line + "\n", kStamp, "p")))
        << line;
}

TEST(LaunchProfile, ARecordHasABound) {
  std::string text = first_line(kStamp);
  for (std::size_t i = 0; i < kMostTouches; ++i)
    text += "1 1\n";
  EXPECT_TRUE(parse_record(text, kStamp, "p"));
  const auto more = parse_record(text + "1 1\n", kStamp, "p");
  EXPECT_NE(std::string::npos, message_of(more).find("it has too many lines"));
}

TEST(LaunchProfile, AListIsReadAsItWasWritten) {
  const std::vector<Range> ranges{{96, 4000}, {1 << 20, 5}, {UINT64_MAX - 5, 5}};
  const std::string text = make_list(kStamp, ranges, 300);
  EXPECT_EQ(300U, text.size());
  EXPECT_EQ(ranges, parse_list(text, kStamp));
  EXPECT_EQ(ranges, parse_list(make_list(kStamp, ranges, 0), kStamp));
}

TEST(LaunchProfile, ThereIsRoomForEveryList) {
  const Stamp widest{UINT64_MAX, UINT64_MAX, UINT64_MAX};
  const std::vector<Range> ranges(50, {UINT64_MAX, UINT64_MAX});
  EXPECT_LE(make_list(widest, ranges, 0).size(), room_for(ranges.size()));
}

TEST(LaunchProfile, WhatIsNoListSaysNothing) {
  const std::string head = "berth read-ahead list 1 1000 800 42\n";
  EXPECT_TRUE(parse_list("", kStamp).empty());
  EXPECT_TRUE(parse_list("berth read-ahead list 1 1001 800 42\n1 2\n", kStamp).empty());
  EXPECT_TRUE(parse_list(head + "1\n", kStamp).empty());
  EXPECT_TRUE(parse_list(head + "5 6\n1 18446744073709551615\n", kStamp).empty());
  EXPECT_EQ((std::vector<Range>{{1, 2}}), parse_list(head + "1 2\n\n3 4\n", kStamp));
}

TEST(LaunchProfile, RangesThatNearlyMeetAreJoined) {
  EXPECT_EQ((std::vector<Range>{{100, kGap + 99}, {3 * kGap, 10}}),
            joined({{3 * kGap, 10}, {100 + kGap + 49, 50}, {100, 50}, {3 * kGap, 5}}));
  EXPECT_EQ((std::vector<Range>{{0, 100}}), joined({{0, 100}, {10, 20}}));
  EXPECT_EQ((std::vector<Range>{{0, 10}, {10 + kGap, 1}}), joined({{0, 10}, {10 + kGap, 1}}));
  EXPECT_TRUE(joined({}).empty());
}

TEST(LaunchProfile, RangesAreClippedToTheFileAndTheBound) {
  const std::vector<Range> ranges{{0, 10}, {95, 10}, {100, 1}, {UINT64_MAX - 1, 1}, {20, 30}};
  EXPECT_EQ((std::vector<Range>{{0, 10}, {95, 5}, {20, 30}}), clipped(ranges, 100, 1000));
  EXPECT_EQ((std::vector<Range>{{0, 10}, {95, 2}}), clipped(ranges, 100, 12));
}

}  // namespace
}  // namespace berth::profile
