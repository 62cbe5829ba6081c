// SPDX-License-Identifier: Apache-2.0
// Every case of tests/data/plans has its plan beside it, compared whole. BERTH_UPDATE_GOLDEN=1
// writes the plans anew; continuous integration may only compare.
#include "base/file.h"
#include "launcher/plan/plan.h"
#include "tests/unit/plan_case.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
  return value != nullptr && *value != '\0';
}

class GoldenPlan : public testing::TestWithParam<std::string> {};

TEST_P(GoldenPlan, IsAsWritten) {
  auto launch = tests::read_case(GetParam());
  ASSERT_TRUE(launch) << to_text(launch.error());
  auto steps = make_plan(*launch);
  ASSERT_TRUE(steps) << to_text(steps.error());
  const std::string text = to_text(*steps);
  const std::string file = tests::plan_file(GetParam());
  if (is_set("BERTH_UPDATE_GOLDEN")) {
    ASSERT_FALSE(is_set("CI")) << "continuous integration may not rewrite what it compares with";
    std::ofstream(file) << text;
  }
  auto golden = read_text_file(file, 1 << 20);
  ASSERT_TRUE(golden) << to_text(golden.error());
  EXPECT_EQ(text, *golden) << "compare with " << file;
}

INSTANTIATE_TEST_SUITE_P(Plans,
                         GoldenPlan,
                         testing::ValuesIn(tests::case_names()),
                         [](const auto& test) { return test.param; });

TEST(GoldenPlans, EachHasItsCase) {
  const std::filesystem::path folder =
      std::filesystem::path(tests::case_file("plain")).parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    EXPECT_TRUE(std::filesystem::exists(tests::case_file(name.substr(0, name.find('.'))))) << name;
  }
}

}  // namespace
}  // namespace berth::plan
