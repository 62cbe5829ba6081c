// SPDX-License-Identifier: Apache-2.0
// What of the host a container shows.
#include "launcher/plan/parts.h"
#include "tests/unit/plan_case.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

using Texts = std::vector<std::string>;

const Texts kSystem = {"/proc", "/sys", "/dev"};

/// "FROM", "FROM:TO" or "FROM:TO:ro", one for each bind.
Texts texts_of(const Request& request, const Facts& facts) {
  auto binds = choose_binds(request, facts);
  if (!binds) return {to_text(binds.error())};
  Texts texts;
  for (const Bind& bind : *binds)
    texts.push_back(bind.from + (bind.from == bind.to ? "" : ":" + bind.to) +
                    (bind.flags == kReadOnly ? ":ro" : ""));
  return texts;
}

Texts after_system(Texts more) {
  more.insert(more.begin(), kSystem.begin(), kSystem.end());
  return more;
}

/// Facts in which `cwd` is the current directory and exists.
Facts working_in(const std::string& cwd) {
  Facts facts = tests::ordinary_facts();
  facts.cwd = cwd;
  facts.directories.push_back(cwd);
  return facts;
}

Request binding(std::vector<Bind> binds) {
  Request request;
  request.binds = std::move(binds);
  return request;
}

TEST(Binds, AreTheSystemsTmpAndHomeByDefault) {
  EXPECT_EQ(texts_of({}, tests::ordinary_facts()), after_system({"/tmp", "/home/ada"}));
}

TEST(Binds, ShowOnlyWhatExists) {
  Facts facts = tests::ordinary_facts();
  facts.directories = {"/proc", "/tmp"};
  EXPECT_EQ(texts_of({}, facts), (Texts{"/proc", "/tmp"}));
}

TEST(Binds, AddTheCurrentDirectoryOnceAndOnlyWhereItIsNotShownYet) {
  EXPECT_EQ(texts_of({}, working_in("/scratch/ada")),
            after_system({"/tmp", "/home/ada", "/scratch/ada"}));
  EXPECT_EQ(texts_of({}, working_in("/tmp/job")), after_system({"/tmp", "/home/ada"}));
  EXPECT_EQ(texts_of({}, working_in("/home/adam")),
            after_system({"/tmp", "/home/ada", "/home/adam"}));
}

TEST(Binds, NeverShowTheSystemDirectoriesOfTheHost) {
  for (const char* owned : {"/",
                            "/usr",
                            "/usr/local/src",
                            "/bin",
                            "/lib64",
                            "/etc/slurm",
                            "/opt/x",
                            "/run/user/1000",
                            "/boot",
                            "/var",
                            "/root"})
    EXPECT_EQ(texts_of({}, working_in(owned)), after_system({"/tmp", "/home/ada"})) << owned;
  EXPECT_EQ(texts_of({}, working_in("/var/lib/x")),
            after_system({"/tmp", "/home/ada", "/var/lib/x"}));
  EXPECT_EQ(texts_of({}, working_in("/users")), after_system({"/tmp", "/users", "/home/ada"}));
}

TEST(Binds, ShowNeitherHomeNorADirectoryInItWithHomeNone) {
  Request request;
  request.home = Home::none;
  EXPECT_EQ(texts_of(request, tests::ordinary_facts()), after_system({"/tmp"}));
  EXPECT_EQ(texts_of(request, working_in("/scratch/ada")), after_system({"/tmp", "/scratch/ada"}));
}

TEST(Binds, WithHomeNoneStillShowTheCurrentDirectoryOfOneWhoHasNoHome) {
  Request request;
  request.home = Home::none;
  for (const char* home : {"", "/"}) {
    Facts facts = working_in("/scratch/ada");
    facts.home = home;
    EXPECT_EQ(texts_of(request, facts), after_system({"/tmp", "/scratch/ada"})) << home;
  }
}

TEST(Binds, ShowWhatMpiNeedsAlsoBelowRun) {
  Facts facts = tests::ordinary_facts();
  facts.rank.directories = {"/run/slurm/pmix.1", "/tmp/ompi", "/gone", "/var/spool//slurmd/"};
  for (const char* there : {"/run/slurm/pmix.1", "/tmp/ompi", "/var/spool//slurmd/"})
    facts.directories.push_back(there);
  EXPECT_EQ(texts_of({}, facts),
            after_system({"/tmp", "/home/ada", "/run/slurm/pmix.1", "/var/spool/slurmd"}));
}

TEST(Binds, DoNotLetTheJobsDirectoriesHideTheImage) {
  Facts facts = tests::ordinary_facts();
  facts.rank.directories = {"/", "/usr", "/etc", "/tmp/../usr", "/run", "/var"};
  for (const std::string& there : facts.rank.directories)
    facts.directories.push_back(there);
  EXPECT_EQ(texts_of({}, facts), after_system({"/tmp", "/home/ada"}));
}

TEST(Binds, OfTheUserTakeThePlaceOfOthersAndTheLastOneWins) {
  EXPECT_EQ(texts_of(binding({{"/local", "/tmp"}}), tests::ordinary_facts()),
            after_system({"/local:/tmp", "/home/ada"}));
  EXPECT_EQ(
      texts_of(binding({{"/a", "/data"}, {"/b", "/data/", kReadOnly}}), tests::ordinary_facts()),
      after_system({"/tmp", "/b:/data:ro", "/home/ada"}));
  EXPECT_EQ(texts_of(binding({{"/usr", "/usr"}}), tests::ordinary_facts()),
            after_system({"/tmp", "/usr", "/home/ada"}));
}

TEST(Binds, ComeParentsFirstAndOtherwiseAsWritten) {
  EXPECT_EQ(
      texts_of(binding({{"/3", "/z/y/x"}, {"/1", "/z"}, {"/2", "/a/b"}}), tests::ordinary_facts()),
      after_system({"/tmp", "/1:/z", "/home/ada", "/2:/a/b", "/3:/z/y/x"}));
}

TEST(Binds, TakeRelativeSourcesFromTheCurrentDirectory) {
  const Facts facts = tests::ordinary_facts();
  EXPECT_EQ(texts_of(binding({{"data", "/data"}}), facts),
            after_system({"/tmp", facts.cwd + "/data:/data", "/home/ada"}));
}

TEST(Binds, LeaveARelativeSourceAloneWhereTheCurrentDirectoryHasNoName) {
  Facts facts = tests::ordinary_facts();
  facts.cwd = "";
  EXPECT_EQ(texts_of(binding({{"data", "/data"}}), facts),
            after_system({"/tmp", "data:/data", "/home/ada"}));
}

TEST(Binds, AFileSystemOfTheContainersOwnTakesTheirPlaceAsWell) {
  const Bind own{"tmpfs", "/tmp", {}, Origin::own};
  EXPECT_EQ(texts_of(binding({{"/a", "/tmp"}, own}), tests::ordinary_facts()),
            after_system({"tmpfs:/tmp", "/home/ada"}));
  EXPECT_EQ(texts_of(binding({own, {"/a", "/tmp"}}), tests::ordinary_facts()),
            after_system({"/a:/tmp", "/home/ada"}));
  EXPECT_EQ(texts_of(binding({{"tmpfs", "/", {}, Origin::own}}), tests::ordinary_facts()),
            Texts{"berth: cannot mount a tmpfs on '/'\n"
                  "berth: hint: name a place below '/' without '..'"});
}

TEST(Binds, AreOfTheNodesTmpOnlyWhereThatIsWanted) {
  Facts facts = working_in("/tmp/work");
  facts.rank.directories = {"/tmp/pmix"};
  facts.directories.emplace_back("/tmp/pmix");
  Request request;
  request.tmp = Tmp::own;
  EXPECT_EQ(texts_of(request, facts),
            after_system({"tmpfs:/tmp", "/tmp/pmix", "/home/ada", "/tmp/work"}));
  request.binds = {{"/scratch", "/tmp"}};
  EXPECT_EQ(texts_of(request, facts), after_system({"/scratch:/tmp", "/home/ada"})) << "said later";
  request.binds.clear();
  request.tmp = Tmp::none;
  EXPECT_EQ(texts_of(request, facts), after_system({"/tmp/pmix", "/home/ada", "/tmp/work"}));
  request.cwd = Cwd::none;
  EXPECT_EQ(texts_of(request, facts), after_system({"/tmp/pmix", "/home/ada"}));
}

TEST(Binds, OfTheJobStayWhereTheUserEmptiesWhatIsAbove) {
  Facts facts = working_in("/tmp/work");
  facts.rank.directories = {"/tmp/pmix"};
  facts.directories.emplace_back("/tmp/pmix");
  Bind empty{"tmpfs", "/tmp"};
  empty.origin = Origin::own;
  EXPECT_EQ(texts_of(binding({empty}), facts),
            after_system({"tmpfs:/tmp", "/tmp/pmix", "/home/ada", "/tmp/work"}));
  // In one that is read-only no place can be made for them.
  empty.flags = kReadOnly;
  EXPECT_EQ(texts_of(binding({empty}), facts), after_system({"tmpfs:/tmp:ro", "/home/ada"}));
}

TEST(Binds, RefuseATargetThatIsNoPlaceInside) {
  for (const std::string to : {"/", "//", "/.", "/a/../b", "/..", "a", ""})
    EXPECT_EQ(texts_of(binding({{"/x", to}}), tests::ordinary_facts()),
              Texts{"berth: cannot bind '/x' to '" + to +
                    "'\nberth: hint: name a place below '/' without '..'"});
}

TEST(NormalPath, IsAbsoluteAndHasNothingSuperfluous) {
  EXPECT_EQ(normal_path("//a/./b//c/"), "/a/b/c");
  EXPECT_EQ(normal_path("/"), "/");
  EXPECT_EQ(normal_path("/a..b/..."), "/a..b/...");
  for (const char* none : {"", "a", "./a", "/a/..", "/../a"})
    EXPECT_EQ(normal_path(none), "") << none;
}

TEST(IsShown, MeansNotHiddenByAnotherBind) {
  EXPECT_FALSE(is_shown("/tmp/a/b", {{"/tmp", "/tmp"}, {"/etc", "/tmp/a"}}));
  EXPECT_TRUE(is_shown("/tmp/c", {{"/tmp", "/tmp"}, {"/etc", "/tmp/a"}}));
}

TEST(IsShown, MeansAtTheSamePlace) {
  const std::vector<Bind> binds = {{"/a", "/a"}, {"/b", "/c"}};
  EXPECT_TRUE(is_shown("/a", binds));
  EXPECT_TRUE(is_shown("/a/x", binds));
  EXPECT_FALSE(is_shown("/ab", binds));
  EXPECT_FALSE(is_shown("/b", binds));
  EXPECT_FALSE(is_shown("/c", binds));
  const std::vector<Bind> covered = {
      {"/a", "/a"}, {"tmpfs", "/a/x", {}, Origin::own}, {"/a/x/y", "/a/x/y"}};
  EXPECT_TRUE(is_shown("/a", covered));
  EXPECT_FALSE(is_shown("/a/x", covered));
  EXPECT_FALSE(is_shown("/a/x/z", covered));
  EXPECT_TRUE(is_shown("/a/x/y/z", covered));
}

}  // namespace
}  // namespace berth::plan
