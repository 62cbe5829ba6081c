// SPDX-License-Identifier: Apache-2.0
// What an image says about itself is hostile text.
#include "launcher/request/image_config.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::request {
namespace {

using Texts = std::vector<std::string>;

TEST(ImageConfig, GivesWhatALaunchUses) {
  auto config = parse_image_config(
      R"({"architecture": "amd64", "config": {"Entrypoint": ["/e", "-x"], "Cmd": ["c"],
          "Env": ["A=1", "B="], "WorkingDir": "/srv", "User": "7", "Labels": {"a": 1}}})",
      "i.sqsh");
  ASSERT_TRUE(config) << to_text(config.error());
  EXPECT_EQ(config->entrypoint, (Texts{"/e", "-x"}));
  EXPECT_EQ(config->command, (Texts{"c"}));
  EXPECT_EQ(config->env, (Texts{"A=1", "B="}));
  EXPECT_EQ(config->workdir, "/srv");
}

TEST(ImageConfig, MayBeMissingOrEmptyInEveryPart) {
  for (const char* json : {"",
                           "{}",
                           R"({"config": null})",
                           R"({"config": {}})",
                           R"({"config": {"Entrypoint": null, "Cmd": null, "Env": null,
                               "WorkingDir": null}})",
                           R"({"config": {"Entrypoint": [], "WorkingDir": ""}})"}) {
    auto config = parse_image_config(json, "i.sqsh");
    ASSERT_TRUE(config) << json;
    EXPECT_TRUE(config->entrypoint.empty() && config->command.empty() && config->env.empty() &&
                config->workdir.empty())
        << json;
  }
}

TEST(ImageConfig, OfSeveralIsTheLowestsProgramWithTheVariablesOfAll) {
  const std::string low =
      R"({"config": {"Entrypoint": ["/e"], "Cmd": ["c"], "Env": ["A=low"], "WorkingDir": "/srv"}})";
  const std::string high =
      R"({"config": {"Entrypoint": ["/h"], "Env": ["B=high", "A=high"], "WorkingDir": "/high"}})";
  const std::string text = join_configs({low, "", high});
  auto config = parse_configs(text, {"low", "none", "high"});
  ASSERT_TRUE(config) << to_text(config.error());
  EXPECT_EQ(config->entrypoint, (Texts{"/e"}));
  EXPECT_EQ(config->command, (Texts{"c"}));
  EXPECT_EQ(config->env, (Texts{"A=low", "B=high", "A=high"}));
  EXPECT_EQ(config->workdir, "/srv");
  EXPECT_EQ(join_configs({low}), low);
  EXPECT_EQ(parse_configs(high, {"high"})->entrypoint, (Texts{"/h"}));
}

TEST(ImageConfig, OfSeveralNamesTheOneThatIsDamaged) {
  const auto refusal_of = [](const Texts& texts) {
    auto config = parse_configs(join_configs(texts), {"low", "high"});
    return config ? "accepted" : to_text(config.error());
  };
  const std::string damaged =
      "as an image: its configuration is damaged\nberth: hint: import the image again";
  EXPECT_EQ(refusal_of({"{", ""}), "berth: cannot use 'low' " + damaged);
  EXPECT_EQ(refusal_of({"{}", "["}), "berth: cannot use 'high' " + damaged);
  // Nobody gains anything by what separates them.
  EXPECT_EQ(refusal_of({"{}\x1e{}", "{}"}), "berth: cannot use 'high' " + damaged);
  EXPECT_TRUE(refusal_of({"{}", R"({"berth": {"stacked_on": {}}})"})
                  .starts_with("berth: cannot use 'high' alone: it has only the changes"));
}

TEST(ImageConfig, OfChangesAloneSaysWhatToDo) {
  auto config = parse_image_config(R"({"berth": {"stacked_on": {"digest": "x"}}})", "i.sqsh");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().blame, Blame::image);
  EXPECT_EQ(to_text(config.error()),
            "berth: cannot use 'i.sqsh' alone: it has only the changes to another image\n"
            "berth: hint: merge them first: berth image merge IMAGE 'i.sqsh' OUT.sqsh");
  for (const char* json : {R"({"berth": {}})", R"({"berth": 7})", R"({"stacked_on": {}})"})
    EXPECT_TRUE(parse_image_config(json, "i.sqsh")) << json;
}

TEST(ImageConfig, RefusesDamageWithOneSentence) {
  for (const std::string json : {"{",
                                 "[]",
                                 "null",
                                 "\"text\"",
                                 "\xff\xfe",
                                 R"({"config": []})",
                                 R"({"config": {"Entrypoint": "text"}})",
                                 R"({"config": {"Cmd": [1]}})",
                                 R"({"config": {"Env": {"A": "1"}}})",
                                 R"({"config": {"Env": ["A=\u0000"]}})",
                                 R"({"config": {"WorkingDir": "/a\u0000b"}})",
                                 R"({"config": {"WorkingDir": ["/a"]}})"}) {
    auto config = parse_image_config(json, "i.sqsh");
    ASSERT_FALSE(config) << json;
    EXPECT_EQ(config.error().blame, Blame::image);
    EXPECT_EQ(to_text(config.error()),
              "berth: cannot use 'i.sqsh' as an image: its configuration is damaged\n"
              "berth: hint: import the image again");
  }
}

TEST(ImageConfig, DoesNotFallIntoADeepHole) {
  EXPECT_FALSE(parse_image_config(std::string(100000, '['), "i.sqsh"));
}

}  // namespace
}  // namespace berth::request
