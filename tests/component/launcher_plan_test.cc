// SPDX-License-Identifier: Apache-2.0
// `berth run --plan` inside the test, with an image that a locked-in server really reads.
#include "launcher/cli/verbs.h"
#include "tests/component/launcher_child.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

class Gathered : public Streams {
 public:
  void out(std::string_view text) override { text_.append(text); }

  void err(std::string_view text) override { text_.append("err: ").append(text); }

  std::string text_;
};

class Plans : public testing::Test {
 protected:
  void SetUp() override {
    (void)folder_.make("root/.berth");
    (void)folder_.make("root/etc");
    folder_.write("root/etc/passwd", "app:x:5:5::/:/bin/sh\n");
  }

  /// Makes an image with that configuration, and plans a launch of it.
  std::string plan_of(const std::string& config, const std::vector<std::string>& words) {
    folder_.write("root/.berth/config.json", config);
    const std::string image = folder_.path() + "/i.sqsh";
    const std::string made = tests::output_of_child([&] {
      const std::string root = folder_.path() + "/root";
      ::execlp("mksquashfs",
               "mksquashfs",
               root.c_str(),
               image.c_str(),
               "-quiet",
               "-no-progress",
               "-noappend",
               nullptr);
    });
    if (made != "exit 0") return "mksquashfs: " + made;
    Gathered streams;
    Session session{streams, {"HOME=" + folder_.path()}};
    std::vector<std::string> all = {"run", "--plan", image};
    all.insert(all.end(), words.begin(), words.end());
    const int code = main_verb(all, session);
    return streams.text_ + "exit " + std::to_string(code);
  }

  tests::OwnFolder folder_;
};

TEST_F(Plans, HoldWhatTheImageSaysOfItself) {
  const std::string plan =
      plan_of(R"({"config": {"Entrypoint": ["/entry"], "Env": ["A=image"], "WorkingDir": "/srv"}})",
              {"--", "word"});
  EXPECT_TRUE(plan.starts_with("  1  create a user and mount namespace\n")) << plan;
  EXPECT_TRUE(plan.ends_with("\nexit 0")) << plan;
  for (const char* part : {"      app:x:5:5::/:/bin/sh\n",
                           "  work in '/srv'\n",
                           "  start '/entry'\n      '/entry' 'word'\n",
                           "      A=image\n"})
    EXPECT_NE(plan.find(part), std::string::npos) << part << "is not in\n" << plan;
}

TEST_F(Plans, OfDamagedConfigurationsAreRefused) {
  EXPECT_EQ(plan_of("{", {}),
            "err: berth: cannot use '" + folder_.path() +
                "/i.sqsh' as an image: its configuration is damaged\n"
                "berth: hint: import the image again\nexit 125");
}

TEST_F(Plans, OfNoProgramAreRefused) {
  EXPECT_EQ(plan_of("", {}),
            "err: berth: cannot run '" + folder_.path() +
                "/i.sqsh': it names no program of its own\n"
                "berth: hint: write the program after the image: berth run IMAGE -- PROGRAM\n"
                "exit 125");
}

}  // namespace
}  // namespace berth::cli
