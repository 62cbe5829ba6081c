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
                    (bind.read_only ? ":ro" : ""));
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
  EXPECT_EQ(texts_of(binding({{"/local", "/tmp", false}}), tests::ordinary_facts()),
            after_system({"/local:/tmp", "/home/ada"}));
  EXPECT_EQ(
      texts_of(binding({{"/a", "/data", false}, {"/b", "/data/", true}}), tests::ordinary_facts()),
      after_system({"/tmp", "/b:/data:ro", "/home/ada"}));
  EXPECT_EQ(texts_of(binding({{"/usr", "/usr", false}}), tests::ordinary_facts()),
            after_system({"/tmp", "/usr", "/home/ada"}));
}

TEST(Binds, ComeParentsFirstAndOtherwiseAsWritten) {
  EXPECT_EQ(texts_of(binding({{"/3", "/z/y/x", false}, {"/1", "/z", false}, {"/2", "/a/b", false}}),
                     tests::ordinary_facts()),
            after_system({"/tmp", "/1:/z", "/home/ada", "/2:/a/b", "/3:/z/y/x"}));
}

TEST(Binds, TakeRelativeSourcesFromTheCurrentDirectory) {
  const Facts facts = tests::ordinary_facts();
  EXPECT_EQ(texts_of(binding({{"data", "/data", false}}), facts),
            after_system({"/tmp", facts.cwd + "/data:/data", "/home/ada"}));
}

TEST(Binds, LeaveARelativeSourceAloneWhereTheCurrentDirectoryHasNoName) {
  Facts facts = tests::ordinary_facts();
  facts.cwd = "";
  EXPECT_EQ(texts_of(binding({{"data", "/data", false}}), facts),
            after_system({"/tmp", "data:/data", "/home/ada"}));
}

TEST(Binds, RefuseATargetThatIsNoPlaceInside) {
  for (const std::string to : {"/", "//", "/.", "/a/../b", "/..", "a", ""})
    EXPECT_EQ(texts_of(binding({{"/x", to, false}}), tests::ordinary_facts()),
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

TEST(IsShown, MeansAtTheSamePlace) {
  const std::vector<Bind> binds = {{"/a", "/a", false}, {"/b", "/c", false}};
  EXPECT_TRUE(is_shown("/a", binds));
  EXPECT_TRUE(is_shown("/a/x", binds));
  EXPECT_FALSE(is_shown("/ab", binds));
  EXPECT_FALSE(is_shown("/b", binds));
  EXPECT_FALSE(is_shown("/c", binds));
}

}  // namespace
}  // namespace berth::plan
