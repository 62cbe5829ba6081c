// SPDX-License-Identifier: Apache-2.0
// Hook files as oci-hooks(5) has them, as texts, and which of a directory's are for a container.
#include "hooks/oci/directories.h"
#include "hooks/oci/hook_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Texts = std::vector<std::string>;

std::string file_with(const std::string& when, const std::string& stages = R"(["prestart"])") {
  return R"({"version": "1.0.0", "hook": {"path": "/h"}, "when": )" + when + R"(, "stages": )" +
         stages + "}";
}

TEST(HookFile, HasAHookForEachOfItsStages) {
  const auto file = parse_hook_file(
      R"({"version": "1.0.0",
          "hook": {"path": "/usr/bin/h", "args": ["h", "a b"], "env": ["A=b"], "timeout": 7},
          "when": {"always": true}, "stages": ["createContainer", "poststop"]})",
      "f");
  ASSERT_TRUE(file);
  const Hook first{Stage::create_container, "/usr/bin/h", {"h", "a b"}, {"A=b"}, 7, "f"};
  Hook second = first;
  second.stage = Stage::poststop;
  EXPECT_EQ(file->hooks, (std::vector<Hook>{first, second}));
  const auto plain = parse_hook_file(file_with("{}"), "f");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->hooks, (std::vector<Hook>{{Stage::prestart, "/h", {"/h"}, {}, 0, "f"}}));
}

TEST(HookFile, IsRefusedWhereItIsNotAsItHasToBe) {
  const auto refusal = [](const std::string& text) {
    const auto file = parse_hook_file(text, "f");
    return file ? "" : file.error().goal;
  };
  EXPECT_EQ(refusal(""), "read 'f:1': it is not a JSON object");
  EXPECT_EQ(refusal("a: b"), "read 'f:1': it is not a JSON object");
  EXPECT_EQ(refusal("{\n" + std::string(1, '\0') + "}"), "read 'f:2': it has a NUL byte");
  EXPECT_EQ(refusal(file_with("{}") + std::string(1, '\0') + "x"), "read 'f:1': it has a NUL byte");
  EXPECT_EQ(refusal("{}"), "read 'f:1': 'hook' of the file is missing");
  EXPECT_EQ(
      refusal(R"({"version": "0.2.0"})"),
      "read 'f:1': 'version' of the file '0.2.0' is not one that berth knows: 1.0.0 and 0.1.0");
  EXPECT_EQ(refusal(R"({"version": "1.0.0"})"), "read 'f:1': 'hook' of the file is missing");
  EXPECT_EQ(refusal(file_with("{}", "[]")), "read 'f:1': 'stages' of the file is missing or empty");
  EXPECT_EQ(refusal(file_with("{}", R"(["start"])")),
            "read 'f:1': 'stages' of the file has 'start', which is none");
  EXPECT_EQ(refusal(file_with(R"({"or": true})")), "read 'f:1': 'when' has no field 'or'");
  EXPECT_EQ(refusal(file_with(R"({"always": "maybe"})")),
            "read 'f:1': 'always' of 'when' has to be true or false");
  for (const char* bad : {"(", "[", "a{1,1000}", "(a{9}){9}", "*{1"})
    EXPECT_NE(refusal(file_with(std::string(R"({"commands": [")") + bad + R"("]})"))
                  .find("which is no expression"),
              std::string::npos)
        << bad;
  EXPECT_NE(refusal(file_with(R"({"annotations": {"a": "("}})")).find("which is no expression"),
            std::string::npos);
  for (const char* hook : {R"({})",
                           R"({"path": "h"})",
                           R"({"path": "/h", "timeout": 0})",
                           R"({"path": "/h", "timeout": -1})",
                           R"({"path": "/h", "env": ["A"]})",
                           R"({"path": "/h", "env": ["=b"]})",
                           R"({"path": "/h", "cwd": "/"})"})
    EXPECT_NE(refusal(std::string(R"({"version": "1.0.0", "hook": )") + hook +
                      R"(, "when": {}, "stages": ["poststop"]})"),
              "")
        << hook;
}

TEST(When, HasToBeMetInAllThatItSays) {
  const About about{{{"org.site.scratch", "yes"}, {"other", "no"}}, "/usr/bin/solver", true};
  const auto is = [&](const std::string& when, const About& whom) {
    const auto file = parse_hook_file(file_with(when), "f");
    EXPECT_TRUE(file) << when;
    return file && is_for(file->when, whom);
  };
  for (const char* when : {R"({"always": true})",
                           R"({"hasBindMounts": true})",
                           R"({"commands": ["^/x$", "solver$"]})",
                           R"({"commands": ["^/usr/(s?bin)/[a-z]{2,8}$"]})",
                           R"({"annotations": {"^org\\.site\\.": "^y"}})",
                           R"({"annotations": {"scratch": "yes", "other": "no"}})",
                           R"({"always": true, "commands": ["solver"], "hasBindMounts": true})"})
    EXPECT_TRUE(is(when, about)) << when;
  for (const char* when : {R"({})",
                           R"({"always": false})",
                           R"({"hasBindMounts": false})",
                           R"({"commands": ["^solver"]})",
                           R"({"annotations": {"scratch": "no"}})",
                           R"({"annotations": {"scratch": "yes", "third": ""}})",
                           R"({"always": true, "commands": ["other"]})",
                           R"({"always": false, "commands": ["solver"]})"})
    EXPECT_FALSE(is(when, about)) << when;
  EXPECT_FALSE(is(R"({"hasBindMounts": true})", {}));
  EXPECT_FALSE(is(R"({"annotations": {"": ""}})", {}));
}

TEST(HookFile, MayBeOfTheTimeBeforeThereWasAVersion) {
  const auto file = parse_hook_file(
      R"({"hook": "/usr/bin/h", "arguments": ["--a", "b"], "stages": ["prestart", "poststop"],
          "cmds": ["init$"], "annotations": ["^fluid"], "hasbindmounts": true})",
      "f");
  ASSERT_TRUE(file) << to_text(file.error());
  const Hook first{Stage::prestart, "/usr/bin/h", {"/usr/bin/h", "--a", "b"}, {}, 0, "f"};
  Hook second = first;
  second.stage = Stage::poststop;
  EXPECT_EQ(file->hooks, (std::vector<Hook>{first, second}));
  // One that is met is enough.
  EXPECT_TRUE(is_for(file->when, {{}, "/sbin/init", false}));
  EXPECT_TRUE(is_for(file->when, {{{"any", "fluid-dynamics"}}, "/bin/sh", false}));
  EXPECT_TRUE(is_for(file->when, {{}, "/bin/sh", true}));
  EXPECT_FALSE(is_for(file->when, {{{"fluid", "no"}}, "/bin/sh", false}));
  const auto synonyms = parse_hook_file(
      R"({"version": "0.1.0", "hook": "/h", "stage": ["prestart"], "cmd": ["a"], "annotation": ["b"]})",
      "f");
  ASSERT_TRUE(synonyms) << to_text(synonyms.error());
  EXPECT_TRUE(is_for(synonyms->when, {{}, "a", false}));
  EXPECT_TRUE(is_for(synonyms->when, {{{"x", "b"}}, "c", false}));
  const auto never = parse_hook_file(R"({"hook": "/h", "stages": ["prestart"]})", "f");
  ASSERT_TRUE(never);
  EXPECT_FALSE(is_for(never->when, {{{"a", "b"}}, "c", true}));
}

TEST(HookFile, OfThatTimeIsRefusedWhereItIsNotAsItHasToBe) {
  const auto refusal = [](const std::string& rest) {
    const auto file = parse_hook_file(R"({"hook": "/h", )" + rest + "}", "f");
    return file ? "" : file.error().goal;
  };
  const std::string stages = R"("stages": ["prestart"])";
  EXPECT_EQ(refusal(R"("cmds": ["a"])"), "read 'f:1': 'stages' of the file is missing or empty");
  EXPECT_EQ(refusal(R"("stage": ["start"])"),
            "read 'f:1': 'stage' of the file has 'start', which is none");
  EXPECT_EQ(refusal(stages + R"(, "stage": ["prestart"])"),
            "read 'f:1': 'stage' of the file is the same as 'stages', which is there too");
  EXPECT_EQ(refusal(stages + R"(, "cmd": ["a"], "cmds": ["a"])"),
            "read 'f:1': 'cmd' of the file is the same as 'cmds', which is there too");
  EXPECT_EQ(refusal(stages + R"(, "annotations": ["("])"),
            "read 'f:1': 'annotations' of the file has '(', which is no expression");
  EXPECT_EQ(refusal(stages + R"(, "when": {"always": true})"),
            "read 'f:1': the file has no field 'when'");
}

TEST(Names, AreThoseOfFiles) {
  EXPECT_TRUE(is_named("/a/b", {"x", "b"}));
  EXPECT_TRUE(is_named("/a/b.json", {"b"}));
  EXPECT_FALSE(is_named("/a/b", {"a", "/a/b"}));
  EXPECT_FALSE(is_named("/a/b.json", {}));
}

class HookFiles : public testing::Test {
 protected:
  HookFiles() {
    std::string pattern = testing::TempDir() + "berth-hooks-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    for (const char* name : {"/low", "/high"}) {
      std::filesystem::create_directory(folder_ + name);
      ::chmod((folder_ + name).c_str(), 0755);
    }
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    ::chmod((folder_ + "/" + name).c_str(), 0644);
  }

  [[nodiscard]] std::string found(const Texts& without = {}) const {
    const auto hooks = find_hooks(
        {{folder_ + "/missing", folder_ + "/low", folder_ + "/high"}, ::getuid()}, {}, without);
    if (!hooks) return to_text(hooks.error());
    std::string text;
    for (const Edits& edits : *hooks)
      text += edits.who.substr(folder_.size() + 1) + " ";
    return text;
  }

  std::string folder_;
};

const std::string kAlways = file_with(R"({"always": true})");

TEST_F(HookFiles, ComeInTheOrderOfTheirNamesAndTheLaterDirectoryWins) {
  EXPECT_EQ(found(), "");
  for (const char* name : {"low/b.json", "low/C.json", "high/a.json", "high/b.json", "high/D.json"})
    write(name, kAlways);
  write("low/never.json", file_with(R"({"always": false})"));
  for (const char* name : {"low/x.yaml", "low/.x.json", "low/json"})
    write(name, "{");
  EXPECT_EQ(found(), "high/a.json high/b.json low/C.json high/D.json ");
  EXPECT_EQ(found({"b", "D"}), "high/a.json low/C.json ");
}

TEST_F(HookFiles, ThatAreWrongEndTheLaunch) {
  write("low/a.json", "{");
  EXPECT_EQ(found(), "berth: cannot read '" + folder_ + "/low/a.json:1': it is not a JSON object");
  EXPECT_EQ(found({"a"}), "");
  std::filesystem::remove(folder_ + "/low/a.json");
  ASSERT_EQ(::mkfifo((folder_ + "/low/a.json").c_str(), 0644), 0);
  EXPECT_NE(found().find("it is not a regular file"), std::string::npos);
}

TEST_F(HookFiles, HaveToBeWrittenByRootOrTheUserAlone) {
  write("low/a.json", kAlways);
  ::chmod((folder_ + "/low/a.json").c_str(), 0664);
  EXPECT_NE(found().find("cannot obey '" + folder_ + "/low/a.json': others can write it"),
            std::string::npos);
  ::chmod((folder_ + "/low/a.json").c_str(), 0644);
  ::chmod((folder_ + "/high").c_str(), 0777);
  EXPECT_NE(found().find("cannot obey '" + folder_ + "/high': others can write it"),
            std::string::npos);
  ::chmod((folder_ + "/high").c_str(), 0755);
  EXPECT_EQ(found(), "low/a.json ");
}

TEST_F(HookFiles, AreNotLedToByOthers) {
  std::filesystem::create_directory(folder_ + "/open");
  std::filesystem::rename(folder_ + "/high", folder_ + "/open/real");
  std::filesystem::create_symlink("open/real", folder_ + "/high");
  write("open/real/a.json", kAlways);
  ::chmod((folder_ + "/open").c_str(), 0755);
  EXPECT_EQ(found(), "high/a.json ");
  ::chmod((folder_ + "/open").c_str(), 0777);
  const std::string refusal = "': others can write '" + folder_ + "/open'";
  EXPECT_NE(found().find("cannot obey '" + folder_ + "/high" + refusal), std::string::npos);
  // Nor may they decide whether there is one.
  std::filesystem::remove(folder_ + "/high");
  std::filesystem::create_symlink("open/none", folder_ + "/high");
  EXPECT_NE(found().find("cannot obey '" + folder_ + "/high" + refusal), std::string::npos);
  std::filesystem::remove(folder_ + "/high");
  std::filesystem::create_symlink(folder_ + "/open/real/a.json", folder_ + "/low/b.json");
  EXPECT_NE(found().find("cannot obey '" + folder_ + "/low/b.json" + refusal), std::string::npos);
  ::chmod((folder_ + "/open").c_str(), 01777);
  EXPECT_EQ(found(), "low/b.json ");
}

}  // namespace
}  // namespace berth::hooks
