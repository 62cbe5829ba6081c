// SPDX-License-Identifier: Apache-2.0
// The program, where it begins, and who it is: command, work directory, /etc/passwd and group.
#include "base/text.h"
#include "launcher/plan/parts.h"
#include "tests/unit/plan_case.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

using Texts = std::vector<std::string>;

Texts command_of(const Texts& words, Texts entrypoint, Texts command) {
  const Launch launch = *tests::make_launch(words);
  ImageConfig config;
  config.entrypoint = std::move(entrypoint);
  config.command = std::move(command);
  auto chosen = choose_command(launch.request, config);
  return chosen ? *chosen : Texts{to_text(chosen.error())};
}

TEST(Command, IsCombinedAsPodmanDoes) {
  EXPECT_EQ(command_of({"i"}, {"/entry", "-x"}, {"cmd"}), (Texts{"/entry", "-x", "cmd"}));
  EXPECT_EQ(command_of({"i", "mine"}, {"/entry"}, {"cmd"}), (Texts{"/entry", "mine"}));
  EXPECT_EQ(command_of({"i", "mine"}, {}, {"cmd"}), (Texts{"mine"}));
  EXPECT_EQ(command_of({"i"}, {}, {"cmd", "1"}), (Texts{"cmd", "1"}));
  EXPECT_EQ(command_of({"--entrypoint=/other", "i", "mine"}, {"/entry"}, {"cmd"}),
            (Texts{"/other", "mine"}));
  EXPECT_EQ(command_of({"--entrypoint=/other", "i"}, {"/entry"}, {"cmd"}), (Texts{"/other"}));
  EXPECT_EQ(command_of({"--entrypoint=", "i", "mine"}, {"/entry"}, {"cmd"}), (Texts{"mine"}));
}

TEST(Command, HasToBeSomething) {
  const Texts refusal = {
      "berth: cannot run 'i': it names no program of its own\n"
      "berth: hint: write the program after the image: "
      "berth run IMAGE -- PROGRAM"};
  EXPECT_EQ(command_of({"i"}, {}, {}), refusal);
  EXPECT_EQ(command_of({"--entrypoint=", "i"}, {"/entry"}, {"cmd"}), refusal);
  EXPECT_EQ(command_of({"i"}, {}, {""}), refusal);
}

TEST(Candidates, AreWhereExecvpLooks) {
  EXPECT_EQ(candidates_for("app", "/a:/b"), (Texts{"/a/app", "/b/app"}));
  EXPECT_EQ(candidates_for("app", ":/b:"), (Texts{"./app", "/b/app", "./app"}));
  EXPECT_EQ(candidates_for("./app", "/a:/b"), (Texts{"./app"}));
  EXPECT_EQ(candidates_for("/x/app", ""), (Texts{"/x/app"}));
}

std::string workdir_of(const Texts& words, const std::string& images, const std::string& cwd) {
  Launch launch = *tests::make_launch(words);
  launch.config.workdir = images;
  launch.facts.cwd = cwd;
  return choose_workdir(launch, {{"/home/ada", "/home/ada"}, {"/x", "/y"}});
}

TEST(Workdir, IsTheUsersThenTheImagesThenTheCallers) {
  EXPECT_EQ(workdir_of({"-w", "/w", "i"}, "/srv", "/home/ada"), "/w");
  EXPECT_EQ(workdir_of({"i"}, "/srv", "/home/ada"), "/srv");
  EXPECT_EQ(workdir_of({"i"}, "", "/home/ada/x"), "/home/ada/x");
  EXPECT_EQ(workdir_of({"i"}, "/", "/home/ada/x"), "/home/ada/x");
  EXPECT_EQ(workdir_of({"i"}, "relative", "/home/ada/x"), "/home/ada/x");
}

TEST(Workdir, IsTheRootWhereTheCallersIsNotShown) {
  for (const char* cwd : {"/elsewhere", "/x", "/y", ""})
    EXPECT_EQ(workdir_of({"i"}, "", cwd), "/") << cwd;
}

Launch launch_of(const Texts& words = {"i"}) {
  Launch launch = *tests::make_launch(words);
  launch.image.passwd = "root:x:0:0:root:/root:/bin/sh\n";
  launch.image.group = "root:x:0:";
  return launch;
}

TEST(Identity, BeginsWithTheCallersOwnLine) {
  EXPECT_EQ(make_passwd(launch_of()),
            "ada:x:1000:100:ada:/home/ada:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\n");
  EXPECT_EQ(make_group(launch_of()), "users:x:100:\nroot:x:0:\n");
}

TEST(Identity, OfRootIsRoots) {
  EXPECT_TRUE(make_passwd(launch_of({"--root", "i"})).starts_with("root:x:0:0:root:/home/ada:"));
  EXPECT_TRUE(
      make_passwd(launch_of({"--root", "--home=none", "i"})).starts_with("root:x:0:0:root:/root:"));
  EXPECT_TRUE(make_passwd(launch_of({"--home=none", "i"})).starts_with("ada:x:1000:100:ada:/:"));
  EXPECT_EQ(make_group(launch_of({"--root", "i"})), "root:x:0:\nroot:x:0:\n");
}

TEST(Identity, AHostileNameOrHomeCannotMakeAnotherLineOrField) {
  for (const char* hostile : {"x:0:0", "evil\nroot::0:0::/:/bin/sh", ":"}) {
    Launch launch = launch_of();
    launch.facts.user = launch.facts.group = launch.facts.home = hostile;
    const std::string passwd = make_passwd(launch);
    EXPECT_EQ(std::count(passwd.begin(), passwd.end(), '\n'), 2) << passwd;
    EXPECT_EQ(split(split(passwd, '\n')[0], ':').size(), 7U) << passwd;
    EXPECT_EQ(split(passwd, ':')[2], "1000") << passwd;
    EXPECT_EQ(split(split(make_group(launch), '\n')[0], ':').size(), 4U);
  }
}

}  // namespace
}  // namespace berth::plan
