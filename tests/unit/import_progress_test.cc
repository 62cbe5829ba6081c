// SPDX-License-Identifier: Apache-2.0
#include "image/cli/events.h"
#include "image/cli/pace.h"
#include "image/cli/progress.h"

#include <algorithm>
#include <atomic>
#include <sstream>

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = std::uint64_t{1024} * 1024;

TEST(Pace, HasARateAfterASecondAndForgetsTheFirstOnes) {
  const Moment begin;
  Pacer pacer(begin, 100 * kMiB);
  EXPECT_FALSE(pacer.take(begin + milliseconds(900), 5 * kMiB).rate);
  const Pace early = pacer.take(begin + seconds(2), 20 * kMiB);
  EXPECT_EQ(early.rate, 10 * kMiB);
  EXPECT_EQ(early.seconds, 8U);
  Pace late;
  for (unsigned i = 3; i < 30; ++i)  // from now on one MiB in a second
    late = pacer.take(begin + seconds(i), (18 + i) * kMiB);
  EXPECT_EQ(late.rate, kMiB);
  EXPECT_EQ(late.seconds, 100U - 47U);
}

TEST(Pace, OfAnUnknownTotalHasNoEnd) {
  const Moment begin;
  const Pace pace = Pacer(begin, 0).take(begin + seconds(2), 20 * kMiB);
  EXPECT_FALSE(pace.seconds);
  EXPECT_FALSE(percent_of(pace));
  EXPECT_EQ(line_of(pace, "dir:x", 80), "importing 'dir:x': 20.0 MiB, 10.0 MiB/s");
}

TEST(Pace, MoreThanTheTotalIsAllOfIt) {
  EXPECT_EQ(percent_of({300, 200, {}, {}}), 100U);
  EXPECT_EQ(percent_of({~0ULL, ~0ULL, {}, {}}), 100U);
  EXPECT_EQ(percent_of({~0ULL - 1, ~0ULL, {}, {}}).value_or(0), 99U);
  EXPECT_EQ(Pacer(Moment(), 200).take(Moment() + seconds(2), 300).seconds, 0U);
}

TEST(Pace, LineLosesItsEndBeforeItsNumbers) {
  const Pace pace{30 * kMiB, 120 * kMiB, 10 * kMiB, 9};
  const std::string name = "oci:some/long/path/to/a/layout";
  EXPECT_EQ(line_of(pace, name, 100),
            "importing 'oci:some/long/path/to/a/layout': 30.0 MiB of 120 MiB (25 %), 10.0 MiB/s, 9 "
            "s left");
  for (unsigned columns = 0; columns < 120; ++columns)
    EXPECT_LE(line_of(pace, name, columns).size(), columns);
  EXPECT_EQ(line_of(pace, name, 50), "importing '.../layout': 30.0 MiB of 120 MiB (25 %)");
  EXPECT_EQ(line_of(pace, name, 10), "25 %");
  EXPECT_EQ(line_of(pace, name, 3), "");
}

TEST(Pace, DurationsAreForPeople) {
  EXPECT_EQ(duration_text(0), "0 s");
  EXPECT_EQ(duration_text(59), "59 s");
  EXPECT_EQ(duration_text(125), "2 min 5 s");
  EXPECT_EQ(duration_text(4800), "1 h 20 min");
}

class ProgressTest : public ::testing::Test {
 protected:
  /// What is told when `bytes` of 100 MiB are read in each of `count` seconds.
  std::string told(Telling telling, unsigned count, std::uint64_t bytes) {
    std::ostringstream out;
    now_ = Moment();
    {
      Progress progress(
          {telling, &out, "x", 100 * kMiB, [] { return 80U; }, [this] { return now_; }}, stop_);
      for (unsigned i = 1; i <= count; ++i) {
        now_ += seconds(1);
        EXPECT_TRUE(progress.tell(i * bytes));
      }
    }
    return out.str();
  }

  std::atomic<int> stop_{0};
  Moment now_;
};

long lines_in(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

TEST_F(ProgressTest, LinesAreNoFlood) {
  EXPECT_EQ(told(Telling::lines, 4, 20 * kMiB), "");
  EXPECT_EQ(told(Telling::lines, 5, 10 * kMiB),
            "berth: importing 'x': 50.0 MiB of 100 MiB (50 %), 10.0 MiB/s, 5 s left\n");
  EXPECT_EQ(lines_in(told(Telling::lines, 100, kMiB)), 10);    // one for each tenth
  EXPECT_EQ(lines_in(told(Telling::lines, 600, 1000)), 10);    // one for each minute
  EXPECT_EQ(lines_in(told(Telling::lines, 20, 5 * kMiB)), 4);  // five seconds apart
}

TEST_F(ProgressTest, TheTerminalsLineIsWiped) {
  const std::string seen = told(Telling::line, 1, 25 * kMiB);
  EXPECT_EQ(
      seen,
      "\rberth: importing 'x': 25.0 MiB of 100 MiB (25 %), 25.0 MiB/s, 3 s left\x1b[K\r\x1b[K");
}

TEST_F(ProgressTest, NothingIsToldWhenNobodyWantsIt) {
  EXPECT_EQ(told(Telling::nothing, 100, kMiB), "");
}

TEST_F(ProgressTest, EventsComeEachSecond) {
  EXPECT_EQ(told(Telling::events, 2, kMiB),
            R"({"event":"progress","bytes":1048576,"total":104857600,"rate":1048576,"left":99,)"
            R"("seconds":1.0})"
            "\n"
            R"({"event":"progress","bytes":2097152,"total":104857600,"rate":1048576,"left":98,)"
            R"("seconds":2.0})"
            "\n");
}

TEST_F(ProgressTest, ASignalIsAnError) {
  Progress progress({}, stop_);
  EXPECT_TRUE(progress.tell(0));
  stop_ = 2;
  EXPECT_FALSE(progress.tell(0));
}

TEST(Events, ErrorsHaveTheSentenceTheHintAndTheStatus) {
  EXPECT_EQ(error_event({Blame::image, "use 'x'", Refusal{"open", 2}, "try y"}, 1),
            R"j({"event":"error","message":"cannot use 'x': open: No such file or directory )j"
            R"j((ENOENT)","hint":"try y","status":1})j");
  EXPECT_EQ(stopped_event(2), R"j({"event":"stopped","signal":2,"status":130})j");
}

}  // namespace
}  // namespace berth::cli
