// SPDX-License-Identifier: Apache-2.0
// The program's variables, and who wins.
#include "launcher/plan/parts.h"
#include "tests/unit/plan_case.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

using Texts = std::vector<std::string>;

Launch launch_with(Texts callers, Texts images = {}, const Texts& words = {"img.sqsh", "app"}) {
  Launch launch = *tests::make_launch(words);
  launch.facts.environment = std::move(callers);
  launch.config.env = std::move(images);
  return launch;
}

/// One variable inside, or "unset"; "twice" when a program would see it two times.
std::string inside(const Launch& launch, const std::string& name) {
  const std::vector<Bind> binds = {{"/tmp", "/tmp", false}, {"/a", "/b", false}};
  std::string found = "unset";
  for (const std::string& variable : make_environment(launch, binds)) {
    if (!variable.starts_with(name + "=")) continue;
    found = found == "unset" ? variable.substr(name.size() + 1) : "twice";
  }
  return found;
}

TEST(Environment, LaterOnesWin) {
  EXPECT_EQ(inside(launch_with({"A=caller"}), "A"), "caller");
  EXPECT_EQ(inside(launch_with({"A=caller"}, {"A=image"}), "A"), "image");
  EXPECT_EQ(inside(launch_with({"A=caller"}, {"A=image"}, {"-e", "A=user", "i", "app"}), "A"),
            "user");
  EXPECT_EQ(inside(launch_with({}, {}, {"-e", "A=1", "-e", "A=2", "i", "app"}), "A"), "2");
  EXPECT_EQ(inside(launch_with({}, {"A=1", "A=2"}), "A"), "2");
}

TEST(Environment, AnImageCannotSayWhichRankThisIs) {
  const Launch launch =
      launch_with({"PMIX_RANK=3"}, {"PMIX_RANK=0", "OMPI_MCA_btl=self", "TERM=dumb"});
  EXPECT_EQ(inside(launch, "PMIX_RANK"), "3");
  EXPECT_EQ(inside(launch, "OMPI_MCA_btl"), "self");
  EXPECT_EQ(inside(launch, "TERM"), "dumb");
}

TEST(Environment, TheCallersOwnNameAndHomeStandAboveTheImages) {
  const Launch launch = launch_with({}, {"HOME=/app", "USER=app", "LOGNAME=app"});
  EXPECT_EQ(inside(launch, "HOME"), "/home/ada");
  EXPECT_EQ(inside(launch, "USER"), "ada");
  EXPECT_EQ(inside(launch, "LOGNAME"), "ada");
  EXPECT_EQ(inside(launch_with({}, {}, {"-e", "HOME=/x", "i", "app"}), "HOME"), "/x");
}

TEST(Environment, WithoutAHomeTheImagesHomeCounts) {
  const Texts none = {"--home=none", "i", "app"};
  EXPECT_EQ(inside(launch_with({"HOME=/home/ada"}, {"HOME=/app"}, none), "HOME"), "/app");
  EXPECT_EQ(inside(launch_with({"HOME=/home/ada"}, {}, none), "HOME"), "/");
  EXPECT_EQ(inside(launch_with({}, {}, {"--home=none", "--root", "i", "app"}), "HOME"), "/root");
  EXPECT_EQ(inside(launch_with({}, {}, {"--root", "i", "app"}), "USER"), "root");
}

TEST(Environment, PathsOfTheHostsProgramsStayOutside) {
  const Launch launch = launch_with({"PATH=/opt/host",
                                     "LD_PRELOAD=x.so",
                                     "LD_LIBRARY_PATH=/x",
                                     "BERTH_TASK=1",
                                     "BERTH_HELPERS=9",
                                     "_=/bin/x"});
  EXPECT_EQ(inside(launch, "PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  for (const char* name : {"LD_PRELOAD", "LD_LIBRARY_PATH", "BERTH_TASK", "BERTH_HELPERS", "_"})
    EXPECT_EQ(inside(launch, name), "unset") << name;
  EXPECT_EQ(inside(launch_with({}, {"PATH=/img", "LD_LIBRARY_PATH=/img/lib"}), "LD_LIBRARY_PATH"),
            "/img/lib");
  EXPECT_EQ(inside(launch_with({"LDFLAGS=-g"}), "LDFLAGS"), "-g");
}

TEST(Environment, NamedAloneTheCallersValueIsTakenAlsoOfWhatStaysOutside) {
  const Texts words = {"-e", "LD_PRELOAD", "-e", "NOTHING", "-e", "A", "i", "app"};
  const Launch launch = launch_with({"LD_PRELOAD=x.so", "A=caller", "AB=1"}, {"A=image"}, words);
  EXPECT_EQ(inside(launch, "LD_PRELOAD"), "x.so");
  EXPECT_EQ(inside(launch, "A"), "caller");
  EXPECT_EQ(inside(launch, "NOTHING"), "unset");
}

TEST(Environment, CleanKeepsOnlyWhatTheJobsLauncherSays) {
  const Launch launch = launch_with({"SECRET=1",
                                     "SLURMISH=1",
                                     "TERM=xterm",
                                     "SLURM_PROCID=3",
                                     "PMIX_RANK=3",
                                     "PMI_FD=5",
                                     "OMPI_COMM_WORLD_RANK=3",
                                     "MPI_LOCALRANKID=1"},
                                    {"A=image"},
                                    {"--clean-env", "i", "app"});
  for (const char* kept : {"TERM",
                           "SLURM_PROCID",
                           "PMIX_RANK",
                           "PMI_FD",
                           "OMPI_COMM_WORLD_RANK",
                           "MPI_LOCALRANKID",
                           "A",
                           "PATH",
                           "HOME",
                           "USER"})
    EXPECT_NE(inside(launch, kept), "unset") << kept;
  for (const char* gone : {"SECRET", "SLURMISH"})
    EXPECT_EQ(inside(launch, gone), "unset") << gone;
}

TEST(Environment, PlacesThatAreNotShownAreNotNamed) {
  EXPECT_EQ(inside(launch_with({"TMPDIR=/tmp/x"}), "TMPDIR"), "/tmp/x");
  for (const char* lost : {"TMPDIR=/local", "TMPDIR=/b", "TMPDIR=/tmp/../x", "TMPDIR=", "TMPDIR=x"})
    EXPECT_EQ(inside(launch_with({lost}), "TMPDIR"), "unset") << lost;
  EXPECT_EQ(inside(launch_with({"XDG_RUNTIME_DIR=/run/user/1"}), "XDG_RUNTIME_DIR"), "unset");
}

TEST(Environment, SurvivesEntriesThatAreNoVariables) {
  const std::vector<Bind> binds;
  const Texts made =
      make_environment(launch_with({"TMPDIR", "", "=x", "A"}, {"broken", "=y"}), binds);
  for (const std::string& variable : made)
    EXPECT_FALSE(variable.starts_with("TMPDIR") || variable == "broken" || variable == "=y")
        << variable;
}

TEST(ValueOf, TakesTheLastAndNeverANeighbour) {
  EXPECT_EQ(value_of({"A=1", "AB=2", "A=3"}, "A"), "3");
  EXPECT_EQ(value_of({"AB=2", "A"}, "A"), "");
  EXPECT_EQ(value_of({"A=x=y"}, "A"), "x=y");
}

}  // namespace
}  // namespace berth::plan
