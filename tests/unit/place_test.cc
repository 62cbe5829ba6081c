// SPDX-License-Identifier: Apache-2.0
// Where a rank goes: what was asked for, what it was given, and what its launcher has done already.
#include "launcher/plan/plan.h"
#include "tests/unit/plan_case.h"

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

/// Rank 1 of 2 on a machine of four cores and two memory nodes, all of which it may use.
Launch launch_with(std::vector<std::string> words) {
  words.emplace_back("img.sqsh");
  words.emplace_back("app");
  auto launch = tests::make_launch(words);
  EXPECT_TRUE(launch) << to_text(launch.error());
  launch->role = Role::joiner;
  launch->facts.rank = {
      .launcher = "slurm", .step = "x", .rank = 9, .local_rank = 1, .local_size = 2};
  CpuFacts& cpus = launch->facts.cpus;
  for (unsigned i = 0; i < 4; ++i)
    cpus.machine.cpus.push_back({i, i, Cpu::kNoL3, i / 2, 0, 0});
  cpus.machine.memory = {*parse_numbers("0"), *parse_numbers("1")};
  cpus.machine.allowed = cpus.own = cpus.given = *parse_numbers("0-3");
  cpus.memory = *parse_numbers("0-1");
  return std::move(*launch);
}

/// What a launch does about its place, a step after the other, or why it does nothing.
std::string places_in(const Launch& launch) {
  const Status checked = check_place(launch);
  if (!checked) return to_text(checked.error());
  const auto steps = make_rest(launch);
  if (!steps) return to_text(steps.error());
  std::string text;
  for (const Step& step : *steps)
    if (std::get_if<PinToCpus>(&step) || std::get_if<BindMemory>(&step))
      text += (text.empty() ? "" : "; ") + goal_of(step);
  return text;
}

TEST(Place, IsNobodysBusinessUnlessItIsAskedFor) {
  const Launch launch = launch_with({});
  EXPECT_FALSE(asks_for_place(launch.request));
  EXPECT_FALSE(needs_machine(launch));
  EXPECT_EQ(places_in(launch), "");
  EXPECT_EQ(places_in(launch_with({"--pin=none", "--mem-bind=none", "--pin-map=spread"})), "");
}

TEST(Place, OfARankIsItsPartOfWhatAllMayUse) {
  EXPECT_EQ(places_in(launch_with({"--pin=core"})), "bind rank 9 to the CPUs 2-3");
  EXPECT_EQ(places_in(launch_with({"--pin=core", "--mem-bind=local"})),
            "bind rank 9 to the CPUs 2-3; take memory from the nodes 1 only");
  Launch part = launch_with({"--pin=core"});
  part.facts.cpus.own = part.facts.cpus.given = *parse_numbers("0-1");
  EXPECT_EQ(places_in(part), "bind rank 9 to the CPUs 1");
}

TEST(Place, ThatALauncherHasChosenStays) {
  Launch launch = launch_with({"--pin=core", "--mem-bind=local"});
  launch.facts.cpus.own = *parse_numbers("0-1");
  EXPECT_TRUE(stays_on_its_cpus(launch));
  EXPECT_EQ(places_in(launch), "take memory from the nodes 0 only");
  launch.request.placing.again = true;
  EXPECT_EQ(places_in(launch), "bind rank 9 to the CPUs 1; take memory from the nodes 0 only");
}

TEST(Place, IsChosenAlsoByALauncherThatIsElsewhere) {
  Launch launch = launch_with({"--pin=core"});
  launch.facts.cpus.given = *parse_numbers("7-9");
  EXPECT_TRUE(stays_on_its_cpus(launch));
  // Who may run where its launcher runs, and elsewhere too, has not been bound by it.
  launch.facts.cpus.given = *parse_numbers("1-2");
  EXPECT_FALSE(stays_on_its_cpus(launch));
}

TEST(Place, OfARankThatKeepsItsCpusNeedsNoMachine) {
  Launch launch = launch_with({"--pin=core"});
  EXPECT_TRUE(needs_machine(launch));
  launch.facts.cpus.own = *parse_numbers("0-1");
  EXPECT_FALSE(needs_machine(launch));
  launch.request.plan_only = true;
  EXPECT_TRUE(needs_machine(launch));
  EXPECT_FALSE(needs_machine(launch_with({"--mem-bind=interleave"})));
  EXPECT_FALSE(needs_machine(launch_with({"--mem-bind=0"})));
  EXPECT_TRUE(needs_machine(launch_with({"--mem-bind=local"})));
}

TEST(Place, OfMemoryIsWithinWhatMayBeUsed) {
  EXPECT_EQ(places_in(launch_with({"--mem-bind=1"})), "take memory from the nodes 1 only");
  EXPECT_EQ(places_in(launch_with({"--mem-bind=interleave"})),
            "take memory from the nodes 0-1 in turn");
  EXPECT_EQ(places_in(launch_with({"--mem-bind=1-2"})),
            "berth: cannot take memory from the nodes 1-2: this process may use the nodes 0-1\n"
            "berth: hint: name some of these: --mem-bind=0-1");
  Launch launch = launch_with({"--pin=core", "--mem-bind=local"});
  launch.facts.cpus.memory = *parse_numbers("0");
  EXPECT_EQ(
      places_in(launch),
      "berth: cannot take memory near to the CPUs 2-3: this process may use none of the nodes "
      "there\nberth: hint: leave out --mem-bind, or write --mem-bind=interleave");
}

TEST(Place, InDoubtIsRefusedWherePinningNeedsIt) {
  Launch launch = launch_with({"--pin=core"});
  launch.facts.rank.doubt = "SLURM_LOCALID is 'x'";
  EXPECT_EQ(places_in(launch),
            "berth: cannot tell which CPUs are this rank's: SLURM_LOCALID is 'x'\n"
            "berth: hint: leave out --pin, or see man berth-run for how ranks are found");
  launch.request.placing.pin = Pin::none;
  EXPECT_EQ(places_in(launch), "");
}

TEST(Rehearsal, IsForPlansOnly) {
  EXPECT_EQ(places_in(launch_with({"--pin=core", "--ranks=4"})),
            "berth: cannot start 4 ranks\n"
            "berth: hint: it is for rehearsals only: add --plan, --plan=txt or --plan=svg");
  EXPECT_EQ(places_in(launch_with({"--topology=n.xml"})),
            "berth: cannot run on the machine in 'n.xml'\n"
            "berth: hint: it is for rehearsals only: add --plan, --plan=txt or --plan=svg");
}

TEST(Rehearsal, TakesTheRanksAndTheMachineThatItIsGiven) {
  Launch launch = launch_with({"--pin=core", "--ranks=4", "--topology=n.xml", "--plan"});
  launch.facts.cpus.own = launch.facts.cpus.given = *parse_numbers("99");
  launch.facts.rank.doubt = "of no matter";
  EXPECT_EQ(places_in(launch), "bind rank 9 to the CPUs 1");
  EXPECT_EQ(*map_text(launch),
            "ranks on this node, by their number here:\n"
            "  rank 0: CPUs 0, near the memory nodes 0\n"
            "  rank 1: CPUs 1, near the memory nodes 0\n"
            "  rank 2: CPUs 2, near the memory nodes 1\n"
            "  rank 3: CPUs 3, near the memory nodes 1\n");
}

TEST(MapText, SaysWhoStays) {
  Launch launch = launch_with({"--pin=core", "--plan"});
  launch.facts.cpus.own = *parse_numbers("3");
  EXPECT_EQ(*map_text(launch), "rank 9 stays on the CPUs 3, to which its launcher has bound it\n");
  EXPECT_EQ(*map_text(launch_with({"--plan"})), "");
}

}  // namespace
}  // namespace berth::plan
