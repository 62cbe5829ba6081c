// SPDX-License-Identifier: Apache-2.0
// Whose CPUs are which: what holds on any machine, and single answers that people can check.
#include "launcher/pin/divide.h"
#include "launcher/pin/machine_text.h"
#include "tests/unit/some_machine.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::pin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts_of(const std::vector<Numbers>& sets) {
  std::vector<std::string> texts;
  texts.reserve(sets.size());
  for (const Numbers& set : sets)
    texts.push_back(berth::to_text(set));
  return texts;
}

Numbers all_of(const Machine& machine) {
  Numbers all;
  for (const Cpu& cpu : machine.cpus)
    all.add(cpu.number);
  return all;
}

std::vector<std::string> divided(const Machine& machine,
                                 unsigned ranks,
                                 Pin pin,
                                 PinMap map = PinMap::packed) {
  const auto sets = divide(machine, all_of(machine), ranks, pin, map);
  EXPECT_TRUE(sets) << berth::to_text(sets.error());
  return sets ? texts_of(*sets) : std::vector<std::string>();
}

// Two sockets of two cores of two threads; the second threads are numbered last.
Machine small_machine() {
  Machine machine;
  for (unsigned core = 0; core < 4; ++core)
    for (const unsigned thread : {0U, 1U})
      machine.cpus.push_back({core + 4 * thread, core, core / 2, core / 2, core / 2, 0});
  machine.memory = {*parse_numbers("0"), *parse_numbers("1")};
  return machine;
}

TEST(Divide, CoresComeWithAllTheirThreads) {
  EXPECT_THAT(divided(small_machine(), 4, Pin::core), ElementsAre("0,4", "1,5", "2,6", "3,7"));
  EXPECT_THAT(divided(small_machine(), 2, Pin::core), ElementsAre("0-1,4-5", "2-3,6-7"));
}

TEST(Divide, SpreadRanksTakeTurnsAmongSockets) {
  EXPECT_THAT(divided(small_machine(), 4, Pin::core, PinMap::spread),
              ElementsAre("0,4", "2,6", "1,5", "3,7"));
  EXPECT_THAT(divided(small_machine(), 3, Pin::socket, PinMap::spread),
              ElementsAre("0-1,4-5", "2-3,6-7", "0-1,4-5"));
}

TEST(Divide, WhatDoesNotDivideGoesToTheFirstRanks) {
  EXPECT_THAT(divided(small_machine(), 3, Pin::core), ElementsAre("0-1,4-5", "2,6", "3,7"));
}

TEST(Divide, MoreRanksThanPartsShareThemEvenly) {
  EXPECT_THAT(divided(small_machine(), 3, Pin::socket),
              ElementsAre("0-1,4-5", "0-1,4-5", "2-3,6-7"));
}

TEST(Divide, AutomaticTakesThreadsBeforeRanksShareACoreAndThenNothing) {
  EXPECT_THAT(divided(small_machine(), 4, Pin::automatic), ElementsAre("0,4", "1,5", "2,6", "3,7"));
  EXPECT_THAT(divided(small_machine(), 8, Pin::automatic),
              ElementsAre("0", "4", "1", "5", "2", "6", "3", "7"));
  EXPECT_THAT(divided(small_machine(), 9, Pin::automatic), testing::Each("0-7"));
}

TEST(Divide, OfUnlikeCoresEverybodyGetsSome) {
  Machine machine;
  for (unsigned i = 0; i < 12; ++i)
    machine.cpus.push_back({i, i, 0, 0, 0, i >= 8 ? 1U : 0U});
  EXPECT_THAT(divided(machine, 4, Pin::core), ElementsAre("0-1,8", "2-3,9", "4-5,10", "6-7,11"));
  // The fast ones do not suffice for all: those without one get the first of what is left over.
  EXPECT_THAT(divided(machine, 5, Pin::core), ElementsAre("0-1,8", "2-3,9", "4,10", "5,11", "6-7"));
  EXPECT_THAT(divided(machine, 1, Pin::core), ElementsAre("0-11"));
}

TEST(Divide, NothingOutsideIsGivenAwayAndWhatIsNotThereIsNothing) {
  const auto some =
      divide(small_machine(), *parse_numbers("1,2,6,900"), 2, Pin::core, PinMap::packed);
  ASSERT_TRUE(some);
  EXPECT_THAT(texts_of(*some), ElementsAre("1", "2,6"));
  const auto none = divide(small_machine(), *parse_numbers("8-900"), 2, Pin::core, PinMap::packed);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().goal, HasSubstr("8-900"));
}

TEST(Divide, AbsurdNumbersOfRanksAreRefused) {
  for (const unsigned ranks : {0U, kMostRanks + 1, ~0U}) {
    const auto sets =
        divide(small_machine(), *parse_numbers("0"), ranks, Pin::core, PinMap::packed);
    ASSERT_FALSE(sets);
    EXPECT_EQ(sets.error().blame, Blame::usage);
  }
  EXPECT_EQ(divided(small_machine(), kMostRanks, Pin::pu).size(), kMostRanks);
}

TEST(Divide, MachinesWithoutAnL3CacheSaySo) {
  Machine machine = small_machine();
  for (Cpu& cpu : machine.cpus)
    cpu.l3 = Cpu::kNoL3;
  const auto sets = divide(machine, all_of(machine), 2, Pin::l3, PinMap::packed);
  ASSERT_FALSE(sets);
  EXPECT_EQ(sets.error().hint, "write --pin=numa or --pin=core");
}

TEST(Divide, CoresWithoutAnL3CacheAreOnePartBesideThoseWithOne) {
  Machine machine = small_machine();
  for (Cpu& cpu : machine.cpus)
    if (cpu.core == 3) cpu.l3 = Cpu::kNoL3;
  EXPECT_THAT(divided(machine, 3, Pin::l3), ElementsAre("0-1,4-5", "2,6", "3,7"));
}

TEST(MemoryNear, IsThatOfAllItsCpus) {
  EXPECT_EQ(berth::to_text(memory_near(small_machine(), *parse_numbers("3"))), "1");
  EXPECT_EQ(berth::to_text(memory_near(small_machine(), *parse_numbers("0,7"))), "0-1");
  EXPECT_TRUE(memory_near(small_machine(), Numbers()).is_empty());
}

// Machines that nobody has built.

/// How many parts of that kind each rank has in a map; a part may be there in part.
std::vector<std::size_t> sizes_of(const Machine& machine,
                                  const std::vector<Numbers>& sets,
                                  unsigned Cpu::*part) {
  std::vector<std::size_t> sizes;
  for (const Numbers& set : sets) {
    Numbers parts;
    for (const Cpu& cpu : machine.cpus)
      if (set.has(cpu.number)) parts.add(cpu.*part);
    sizes.push_back(parts.count());
  }
  return sizes;
}

std::size_t parts_of(const Machine& machine, const Numbers& allowed, unsigned Cpu::*part) {
  return sizes_of(machine, {allowed}, part)[0];
}

struct Part {
  Pin pin;
  unsigned Cpu::*number;
};

constexpr Part kParts[] = {{Pin::pu, &Cpu::number},
                           {Pin::core, &Cpu::core},
                           {Pin::l3, &Cpu::l3},
                           {Pin::numa, &Cpu::numa},
                           {Pin::socket, &Cpu::socket}};

void expect_disjoint(const std::vector<Numbers>& sets) {
  Numbers all;
  std::size_t count = 0;
  for (const Numbers& set : sets) {
    all.add(set);
    count += set.count();
  }
  EXPECT_EQ(all.count(), count);
}

/// As many ranks on each part as on any other, or one less; and each rank has one part.
void expect_shared_evenly(const std::vector<Numbers>& sets, std::size_t parts) {
  std::map<std::string, unsigned> users;
  for (const Numbers& set : sets)
    ++users[berth::to_text(set)];
  EXPECT_EQ(users.size(), parts);
  const auto [least, most] = std::minmax_element(
      users.begin(), users.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  EXPECT_LE(most->second, least->second + 1);
}

/// A part is given away whole: what is allowed of it.
void expect_whole(const Machine& machine,
                  const Numbers& allowed,
                  const Numbers& set,
                  const Part& part) {
  Numbers parts;
  Numbers whole;
  for (const Cpu& cpu : machine.cpus)
    if (set.has(cpu.number)) parts.add(cpu.*part.number);
  for (const Cpu& cpu : machine.cpus)
    if (parts.has(cpu.*part.number) && allowed.has(cpu.number)) whole.add(cpu.number);
  EXPECT_EQ(set, whole);
}

void expect_sound(
    const Machine& machine, const Numbers& allowed, unsigned ranks, const Part& part, PinMap map) {
  const auto sets = divide(machine, allowed, ranks, part.pin, map);
  ASSERT_TRUE(sets) << berth::to_text(sets.error());
  ASSERT_EQ(sets->size(), ranks);
  const auto again = divide(machine, allowed, ranks, part.pin, map);
  EXPECT_EQ(*sets, *again);
  for (const Numbers& set : *sets) {
    EXPECT_FALSE(set.is_empty());
    EXPECT_TRUE(allowed.contains(set));
    expect_whole(machine, allowed, set, part);
  }
  const std::size_t parts = parts_of(machine, allowed, part.number);
  const auto sizes = sizes_of(machine, *sets, part.number);
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  EXPECT_LE(*most, *least + 1);
  if (ranks > parts) return expect_shared_evenly(*sets, parts);
  expect_disjoint(*sets);
  // Nothing lies idle.
  Numbers all;
  for (const Numbers& set : *sets)
    all.add(set);
  EXPECT_EQ(all, allowed);
}

class AnyMachine : public testing::TestWithParam<unsigned> {};

TEST_P(AnyMachine, IsDividedFairlyAndWithinWhatIsAllowed) {
  std::mt19937 random(GetParam());
  const Machine machine = tests::some_machine(random);
  const Numbers allowed = tests::some_of(machine, random);
  for (const Part& part : kParts) {
    if (part.pin == Pin::l3 && machine.cpus[0].l3 == Cpu::kNoL3) continue;
    for (const PinMap map : {PinMap::packed, PinMap::spread}) {
      const unsigned cpus = static_cast<unsigned>(allowed.count());
      const auto some = static_cast<unsigned>(1 + random() % (2UL * cpus));
      for (const unsigned ranks : {1U, 2U, some, cpus, cpus + 1})
        expect_sound(machine, allowed, ranks, part, map);
    }
  }
}

TEST_P(AnyMachine, IsTheSameAfterItWasWrittenDown) {
  std::mt19937 random(GetParam());
  const Machine machine = tests::some_machine(random);
  const auto read = parse_machine(to_text(machine));
  ASSERT_TRUE(read) << berth::to_text(read.error());
  EXPECT_EQ(*read, machine);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyMachine, testing::Range(1U, 31U));

TEST(MachineText, WhatIsNotWholeOrNotOursIsRefused) {
  const std::string good = to_text(small_machine());
  ASSERT_TRUE(parse_machine(good));
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(parse_machine(good.substr(0, length))) << length;
  for (const char* bad :
       {"",
        "end\n",
        "\nend\n",
        "cpu\nend\n",
        "cpu 1\nend\n",
        "cpu 1 core 1 l3 1 numa 1 socket 1 kind 1 more 1\nend\n",
        "cpu 65536 core 1 l3 1 numa 1 socket 1 kind 1\nend\n",
        "cpu -1 core 1 l3 1 numa 1 socket 1 kind 1\nend\n",
        "cpu 1 core 1 l3 1 numa 1 socket 1 kind 1\ncpu 1 core 2 l3 1 numa 1 socket 1 kind 1\nend\n",
        "memory 1 0\nend\n",
        "memory 0 3-1\nend\n",
        "allowed x\nend\n",
        "allowed\nend\n"})
    EXPECT_FALSE(parse_machine(bad)) << bad;
}

}  // namespace
}  // namespace berth::pin
