// SPDX-License-Identifier: Apache-2.0
// The program's variables, and who wins.
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"
#include "tests/unit/plan_case.h"

#include <set>
#include <string>
#include <variant>
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
  const std::vector<Bind> binds = {{"/tmp", "/tmp"}, {"/a", "/b"}};
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
                                     "GCONV_PATH=/usr/lib/gconv",
                                     "LOCPATH=/usr/lib/locale",
                                     "_=/bin/x"});
  EXPECT_EQ(inside(launch, "PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  for (const char* name : {"LD_PRELOAD",
                           "LD_LIBRARY_PATH",
                           "BERTH_TASK",
                           "BERTH_HELPERS",
                           "GCONV_PATH",
                           "LOCPATH",
                           "_"})
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

/// Whether a step's text speaks of `word`.
bool speaks_of(const Step& step, const std::string& word) {
  return to_text({step}).find(word) != std::string::npos;
}

TEST(Environment, GoesToTheProgramInItsContainerAndToNoOtherStep) {
  for (const std::string& name : tests::case_names()) {
    auto launch = tests::read_case(name);
    ASSERT_TRUE(launch) << name;
    launch->config.env.emplace_back("LD_PRELOAD=/image.so");
    launch->request.env.push_back({EnvChange::Kind::set, "LD_AUDIT=/request.so"});
    const auto steps = make_plan(*launch);
    ASSERT_TRUE(steps) << name;
    bool is_inside = false;
    for (const Step& step : *steps) {
      const bool is_program = std::holds_alternative<Execute>(step);
      EXPECT_EQ(speaks_of(step, "/image.so"), is_program) << name << ": " << goal_of(step);
      EXPECT_EQ(speaks_of(step, "/request.so"), is_program) << name << ": " << goal_of(step);
      EXPECT_TRUE(is_inside || !is_program) << name;
      is_inside = is_inside || std::holds_alternative<ChangeRoot>(step) ||
                  std::holds_alternative<JoinContainer>(step);
    }
  }
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

/// What becomes of A when the container is asked for with these options before the image.
std::string a_after(Texts options, const Texts& callers = {"A=caller", "AB=1"}) {
  options.insert(options.end(), {"i", "app"});
  return inside(launch_with(callers, {}, options), "A");
}

TEST(Environment, ChangesAreMadeInTheOrderInWhichTheyAreAskedFor) {
  EXPECT_EQ(a_after({"-e", "A=1", "--unset-env", "A"}), "unset");
  EXPECT_EQ(a_after({"--unset-env", "A", "-e", "A=1"}), "1");
  EXPECT_EQ(a_after({"-e", "A=1", "--env-prepend", "A=0", "--env-append", "A=2"}), "0:1:2");
  EXPECT_EQ(a_after({"--env-append", "A=2", "-e", "A=1"}), "1");
  EXPECT_EQ(a_after({"--env-append", "A=2", "-e", "A"}), "caller");
}

TEST(Environment, APartIsPutBesideWhatTheImageSays) {
  const Texts words = {"--env-prepend", "PATH=/opt/x", "--env-append", "PATH=/opt/y", "i", "app"};
  EXPECT_EQ(inside(launch_with({"PATH=/host"}, {"PATH=/img"}, words), "PATH"),
            "/opt/x:/img:/opt/y");
}

TEST(Environment, AColonStandsBetweenTwoPartsOnly) {
  for (const char* option : {"--env-prepend", "--env-append"}) {
    EXPECT_EQ(a_after({option, "A=1"}, {}), "1");
    EXPECT_EQ(a_after({option, "A=1"}, {"A="}), "1");
    EXPECT_EQ(a_after({option, "A="}), "caller");
    EXPECT_EQ(a_after({option, "A="}, {}), "unset");
    EXPECT_EQ(a_after({option, "A=x=y"}, {}), "x=y");
  }
}

TEST(Environment, AStarStandsForAnyCharacters) {
  for (const char* pattern : {"A", "*", "A*", "*A", "**", "*A*"})
    EXPECT_EQ(a_after({"--unset-env", pattern}), "unset") << pattern;
  for (const char* pattern : {"AB", "B*", "A*A", "*AA", "a", "?", ".", "[A]", " A"})
    EXPECT_EQ(a_after({"--unset-env", pattern}), "caller") << pattern;
  const Launch launch = launch_with({"SLURM_A_ID=1", "SLURMISH=2", "XSLURM_A=3", "SLURM_B=4"},
                                    {},
                                    {"--unset-env", "SLURM_*_*D", "i", "app"});
  EXPECT_EQ(inside(launch, "SLURM_A_ID"), "unset");
  for (const char* kept : {"SLURMISH", "XSLURM_A", "SLURM_B"})
    EXPECT_NE(inside(launch, kept), "unset") << kept;
}

TEST(Environment, WhatBerthSetsCanBeRemovedToo) {
  const Launch launch = launch_with({"PMIX_RANK=1"}, {}, {"--unset-env=*", "-eB=2", "i", "app"});
  EXPECT_EQ(make_environment(launch, {}), Texts{"B=2"});
}

std::string explained(const Launch& launch, const std::string& name) {
  const auto text = explain_variable(launch, name);
  return text ? *text : to_text(text.error());
}

TEST(ExplainedVariable, SaysWhoHasSetChangedAndRemovedIt) {
  Launch launch = launch_with({"PATH=/host", "A=1"},
                              {"PATH=/img"},
                              {"--env-prepend=PATH=/x",
                               "--unset-env=P*",
                               "--env-append=PATH=/y",
                               "-e=PATH=/z",
                               "i",
                               "app"});
  launch.request.env.push_back({EnvChange::Kind::set, "PATH=/z", "my vars", 3});
  launch.request.env.push_back({EnvChange::Kind::take, "PATH", "my vars", 4});
  EXPECT_EQ(explained(launch, "PATH"),
            "the caller has '/host', which is left out: it speaks of what is outside\n"
            "berth sets it to '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'\n"
            "the image changes it to '/img'\n"
            "--env-prepend changes it to '/x:/img'\n"
            "--unset-env 'P*' removes it\n"
            "--env-append sets it to '/y'\n"
            "--env changes it to '/z'\n"
            "my vars:3 sets it to the same\n"
            "my vars:4 changes it to '/host'\n"
            "PATH=/host\n");
  EXPECT_EQ(explained(launch, "A"), "the caller sets it to '1'\nA=1\n");
  EXPECT_EQ(explained(launch, "B"), "B is not set\n");
}

TEST(ExplainedVariable, SaysWhatComesToNothingAndWhy) {
  const Launch launch = launch_with({"A=1", "TMPDIR=/local", "PMIX_RANK=3"},
                                    {"PMIX_RANK=0"},
                                    {"--clean-env", "-e", "B", "--env-append=B=", "i", "app"});
  EXPECT_EQ(explained(launch, "A"),
            "the caller has '1', which is left out: --clean-env\nA is not set\n");
  EXPECT_EQ(explained(launch, "B"),
            "--env comes to nothing: the caller has none\n"
            "--env-append comes to nothing: there is nothing to add\n"
            "B is not set\n");
  EXPECT_EQ(explained(launch, "PMIX_RANK"),
            "the caller sets it to '3'\n"
            "the image has '0', which is left out: the job says which rank this is\n"
            "PMIX_RANK=3\n");
  EXPECT_EQ(explained(launch_with({"TMPDIR=/local"}), "TMPDIR"),
            "the caller has '/local', which is left out: the container does not show that place\n"
            "TMPDIR is not set\n");
}

TEST(ExplainedVariable, OfAnImageMovesNobodysCursor) {
  EXPECT_EQ(explained(launch_with({}, {"A=\x1b[2J\nB=2"}), "A"),
            "the image sets it to '\\x1b[2J\\x0aB=2'\nA=\\x1b[2J\\x0aB=2\n");
}

/// Every name that somebody speaks of in a launch, and one that nobody does.
std::set<std::string> names_of(const Launch& launch) {
  std::set<std::string> names = {"HOME", "PATH", "USER", "LOGNAME", "NOBODY"};
  const auto add = [&](const std::string& text) {
    if (!text.empty() && text.front() != '=') names.insert(text.substr(0, text.find('=')));
  };
  for (const auto* texts : {&launch.facts.environment, &launch.config.env})
    for (const std::string& text : *texts)
      add(text);
  for (const EnvChange& change : launch.request.env)
    add(change.text);
  return names;
}

TEST(ExplainedVariable, IsWhatThePlanOfEveryCaseHas) {
  for (const std::string& name : tests::case_names()) {
    const auto launch = tests::read_case(name);
    ASSERT_TRUE(launch) << name;
    const auto steps = make_plan(*launch);
    ASSERT_TRUE(steps) << name;
    const Texts& environment = std::get<Execute>(steps->back()).environment;
    for (const std::string& variable : names_of(*launch)) {
      std::string last = variable + " is not set";
      for (const std::string& made : environment)
        if (made.starts_with(variable + "=")) last = made;
      const std::string text = explained(*launch, variable);
      EXPECT_TRUE(("\n" + text).ends_with("\n" + last + "\n")) << name << ": " << text << last;
    }
  }
}

TEST(ValueOf, TakesTheLastAndNeverANeighbour) {
  EXPECT_EQ(value_of({"A=1", "AB=2", "A=3"}, "A"), "3");
  EXPECT_EQ(value_of({"AB=2", "A"}, "A"), "");
  EXPECT_EQ(value_of({"A=x=y"}, "A"), "x=y");
}

}  // namespace
}  // namespace berth::plan
