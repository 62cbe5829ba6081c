// SPDX-License-Identifier: Apache-2.0
// Whose CPUs are which: what holds on any machine, and single answers that people can check.
#include "launcher/pin/divide.h"
#include "launcher/pin/gpu_names.h"
#include "launcher/pin/machine_text.h"
#include "launcher/pin/near.h"
#include "tests/unit/some_machine.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
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

// Devices.

/// Two GPUs near to the first socket, two near to the second; a card whose place nobody knows.
Machine machine_with_gpus() {
  Machine machine = small_machine();
  machine.allowed = all_of(machine);
  const auto gpu =
      [](const char* address, const char* file, const char* identity, const char* cpus) {
        return Device{DeviceKind::gpu, {address, file, identity}, false, *parse_numbers(cpus)};
      };
  // The numbers of their files are not those of their places.
  machine.devices = {gpu("0000:01:00.0", "nvidia2", "GPU-aa01", "0-1,4-5"),
                     gpu("0000:02:00.0", "nvidia3", "GPU-aa02", "0-1,4-5"),
                     gpu("0000:81:00.0", "nvidia0", "GPU-bb01", "2-3,6-7"),
                     gpu("0000:82:00.0", "nvidia1", "GPU-bb02", "2-3,6-7"),
                     {DeviceKind::nic, {"0000:90:00.0", "eth0"}, false, *parse_numbers("0-7")}};
  machine.knows_devices = true;
  return machine;
}

/// "nvidia2 0,4*|nvidia3 1,5": each seat's device and CPUs, this rank's with a star.
std::string seated(const NearWish& wish) {
  const Machine machine = machine_with_gpus();
  const auto seats = choose_seats(machine, wish);
  if (!seats) return sentence_of(seats.error());
  const auto sets = divide_near(machine, machine.allowed, *seats, Pin::core, PinMap::packed);
  if (!sets) return sentence_of(sets.error());
  std::string text;
  for (std::size_t i = 0; i < sets->size(); ++i) {
    text += i == 0 ? "" : "|";
    for (const Device& device : seats->devices[i])
      text += device.names[1] + " ";
    text += berth::to_text((*sets)[i]) + (i == seats->own ? "*" : "");
  }
  return text;
}

NearWish rank_of(unsigned rank, unsigned ranks, GivenGpus given = {}) {
  return {.near = Near::gpu, .given = std::move(given), .ranks = ranks, .local_rank = rank};
}

TEST(Near, RanksHaveGpusInTurnAndShareWhatIsNear) {
  EXPECT_EQ(seated(rank_of(1, 4)), "nvidia2 0,4|nvidia3 1,5*|nvidia0 2,6|nvidia1 3,7");
  EXPECT_EQ(seated(rank_of(0, 2)), "nvidia2 0,4*|nvidia3 1,5");
  EXPECT_EQ(seated(rank_of(0, 1)), "nvidia2 0-1,4-5*");
  EXPECT_EQ(seated(rank_of(4, 5)), "nvidia2 0,4|nvidia3 0,4|nvidia0 2,6|nvidia1 3,7|nvidia2 1,5*");
}

TEST(Near, WhatTheJobWasGivenCountsBySlurmsNumbers) {
  const GivenGpus job{"", {}, false, {"0", "3"}};
  EXPECT_EQ(seated(rank_of(1, 2, job)), "nvidia0 2-3,6-7|nvidia3 0-1,4-5*");
}

/// mpirun in a batch step: the library counts what the job may use.
TEST(Near, VisibleNumbersOfAJobThatIsKeptToItsGpusCountAmongThese) {
  const auto given = [](std::vector<std::string> own, std::vector<std::string> job) {
    return GivenGpus{"CUDA_VISIBLE_DEVICES", std::move(own), false, std::move(job)};
  };
  // The first two that the system counts are nvidia2 and nvidia3.
  EXPECT_EQ(seated(rank_of(1, 2, given({"0", "1"}, {"0", "1"}))),
            seated(rank_of(1, 2, GivenGpus{"", {}, false, {"0", "1"}})));
  EXPECT_THAT(seated(rank_of(0, 1, given({"1"}, {"0", "1"}))),
              testing::MatchesRegex(".*[|]nvidia1 [^|]*[*]"));
  EXPECT_THAT(seated(rank_of(0, 1, given({"1"}, {"2", "3"}))),
              testing::MatchesRegex(".*[|]nvidia3 [^|]*[*]"));
  // Slurm's own numbers are the node's.
  const GivenGpus step{"SLURM_STEP_GPUS", {"0"}, true, {"2", "3"}};
  EXPECT_THAT(seated(rank_of(0, 1, step)), testing::StartsWith("nvidia0 "));
}

TEST(Near, VisibleDevicesCountByAddressOrIdentity) {
  const auto visible = [](std::vector<std::string> own) {
    return GivenGpus{"CUDA_VISIBLE_DEVICES", std::move(own), false, {}};
  };
  EXPECT_EQ(seated(rank_of(0, 2, visible({"2", "0"}))), "nvidia0 2-3,6-7*|nvidia2 0-1,4-5");
  EXPECT_EQ(seated(rank_of(1, 2, visible({"GPU-bb01", "GPU-aa02"}))),
            "nvidia0 2-3,6-7|nvidia3 0-1,4-5*");
  EXPECT_EQ(
      seated(rank_of(0, 2, visible({"GPU-b", "0"}))),
      "cannot place ranks near the device 'GPU-b' in CUDA_VISIBLE_DEVICES: this machine has gpu "
      "0000:01:00.0 (nvidia2), gpu 0000:02:00.0 (nvidia3), gpu 0000:81:00.0 (nvidia0), gpu "
      "0000:82:00.0 (nvidia1)");
  EXPECT_THAT(seated(rank_of(0, 1, visible({"4"}))),
              testing::StartsWith("cannot place ranks near the"));
}

TEST(Near, ARankWithAGpuOfItsOwnSitsThereWhateverTheOthersHave) {
  const auto own = [](const char* gpu) {
    return GivenGpus{"SLURM_STEP_GPUS", {gpu}, true, {"0", "1", "2", "3"}};
  };
  // In Slurm's order it is the map of all.
  EXPECT_EQ(seated(rank_of(0, 4, own("0"))), "nvidia0 2,6*|nvidia1 3,7|nvidia2 0,4|nvidia3 1,5");
  // In another: nobody else has that one.
  EXPECT_EQ(seated(rank_of(0, 4, own("3"))), "nvidia0 2,6|nvidia1 3,7|nvidia2 0,4|nvidia3 1,5*");
  // Nothing says what the job has: each takes the share of its number.
  const GivenGpus alone{"CUDA_VISIBLE_DEVICES", {"2"}, false, {}};
  EXPECT_EQ(seated(rank_of(1, 2, alone)), "nvidia0 2,6|nvidia0 3,7*");
}

TEST(Near, WhatTheLaunchShowsItsProgramComesFirst) {
  NearWish wish = rank_of(0, 1, {"CUDA_VISIBLE_DEVICES", {"0"}, false, {}});
  for (const char* gpu : {"2", "nvidia0", "GPU-bb01", "81:00.0", "0000:81:00.0"}) {
    wish.gpus = {gpu};
    EXPECT_EQ(seated(wish), "nvidia0 2-3,6-7*") << gpu;
  }
}

TEST(Near, NamedDevicesAndCardsOfUnknownPlaceTakeWhatIsLeft) {
  const NearWish wish{.near = Near::named, .names = {"eth0", "nvidia0"}, .ranks = 2};
  EXPECT_EQ(seated(wish), "eth0 0-1,4-5*|nvidia0 2-3,6-7");
  EXPECT_EQ(seated({.near = Near::nic, .ranks = 2}), "eth0 0-1,4-5*|eth0 2-3,6-7");
  EXPECT_THAT(seated({.near = Near::named, .names = {"eth1"}}), HasSubstr("'eth1'"));
  const auto none = choose_seats(small_machine(), {.near = Near::gpu});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().blame, Blame::host);
}

TEST(Near, NothingAllowedThereIsAnError) {
  const Machine machine = machine_with_gpus();
  const auto seats = choose_seats(machine, rank_of(0, 4));
  const auto sets = divide_near(machine, *parse_numbers("0-1"), *seats, Pin::core, PinMap::packed);
  ASSERT_FALSE(sets);
  EXPECT_EQ(sets.error().goal,
            "place a rank near gpu 0000:81:00.0 (nvidia0): near to it are the CPUs 2-3,6-7, and "
            "ranks may use 0-1");
}

TEST(GpuNames, AreTheDrivers) {
  const std::string folder = testing::TempDir() + "gpus";
  std::filesystem::create_directories(folder + "/0000:01:00.0");
  std::ofstream(folder + "/0000:01:00.0/information")
      << "Model: \t\t NVIDIA A100\nGPU UUID: \t GPU-1-2\nDevice Minor: \t 5\n";
  std::vector<Device> devices = {{DeviceKind::gpu, {"0000:01:00.0"}},
                                 {DeviceKind::gpu, {"0000:02:00.0"}}};
  add_names_of_gpus(devices, folder);
  EXPECT_THAT(devices[0].names, ElementsAre("0000:01:00.0", "nvidia5", "GPU-1-2"));
  EXPECT_THAT(devices[1].names, ElementsAre("0000:02:00.0"));
  std::filesystem::remove_all(folder);
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

/// GPUs near to a memory node or a socket each.
Machine some_machine_with_gpus(std::mt19937& random) {
  Machine machine = tests::some_machine(random);
  machine.knows_devices = true;
  const unsigned Cpu::*const part = random() % 2 == 0 ? &Cpu::numa : &Cpu::socket;
  for (unsigned left = 1 + static_cast<unsigned>(random() % 8); left > 0; --left) {
    const Cpu& there = machine.cpus[random() % machine.cpus.size()];
    Device gpu{DeviceKind::gpu, {"0000:" + std::to_string(left) + ":00.0"}};
    for (const Cpu& cpu : machine.cpus)
      if (cpu.*part == there.*part) gpu.cpus.add(cpu.number);
    machine.devices.push_back(std::move(gpu));
  }
  return machine;
}

TEST_P(AnyMachine, HasItsRanksNearTheirDevicesAndApart) {
  std::mt19937 random(GetParam());
  const Machine machine = some_machine_with_gpus(random);
  for (const unsigned ranks : {1U, 2U, 5U, 8U}) {
    const auto seats = choose_seats(machine, rank_of(0, ranks));
    ASSERT_TRUE(seats);
    const auto sets = divide_near(machine, machine.allowed, *seats, Pin::pu, PinMap::packed);
    ASSERT_TRUE(sets) << berth::to_text(sets.error());
    ASSERT_EQ(sets->size(), ranks);
    std::map<std::vector<unsigned>, std::vector<Numbers>> neighbours;
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      const Numbers& near = seats->devices[rank][0].cpus;
      EXPECT_FALSE((*sets)[rank].is_empty());
      EXPECT_TRUE(near.contains((*sets)[rank]));
      neighbours[near.all()].push_back((*sets)[rank]);
    }
    for (const auto& [near, together] : neighbours)
      if (together.size() <= near.size()) expect_disjoint(together);
  }
}

TEST_P(AnyMachine, HasNoTwoRanksOnACpuThoughNobodyKnowsTheOthersGpus) {
  std::mt19937 random(GetParam());
  const Machine machine = some_machine_with_gpus(random);
  const std::size_t gpus = machine.devices.size();
  const bool knows_job = random() % 2 == 0;
  std::vector<std::string> job;
  for (std::size_t i = 0; knows_job && i < gpus; ++i)
    job.push_back(std::to_string(i));
  // Each has one, in no order; no more ranks than the smallest place has CPUs.
  std::size_t most = gpus;
  for (const Device& gpu : machine.devices)
    most = std::min(most, gpu.cpus.count());
  std::vector<std::size_t> order(gpus);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  std::vector<Numbers> sets;
  for (unsigned rank = 0; rank < most; ++rank) {
    const GivenGpus given{"SLURM_STEP_GPUS", {std::to_string(order[rank])}, true, job};
    const auto seats = choose_seats(machine, rank_of(rank, static_cast<unsigned>(most), given));
    ASSERT_TRUE(seats);
    const auto all = divide_near(machine, machine.allowed, *seats, Pin::pu, PinMap::packed);
    ASSERT_TRUE(all) << berth::to_text(all.error());
    sets.push_back((*all)[seats->own]);
    EXPECT_TRUE(machine.devices[order[rank]].cpus.contains(sets.back()));
  }
  if (!knows_job) expect_disjoint(sets);
}

TEST_P(AnyMachine, IsTheSameAfterItWasWrittenDown) {
  std::mt19937 random(GetParam());
  const Machine machine = some_machine_with_gpus(random);
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
        "device gpu 0000:01:00.0 - 0\nend\n",
        "devices\ndevices\nend\n",
        "devices\ndevice tpu x - 0\nend\n",
        "devices\ndevice gpu - - 0\nend\n",
        "devices\ndevice gpu a,,b - 0\nend\n",
        "devices\ndevice gpu \x1b - 0\nend\n",
        "devices\ndevice gpu x no 0\nend\n",
        "devices\ndevice gpu x - 9-1\nend\n",
        "allowed\nend\n"})
    EXPECT_FALSE(parse_machine(bad)) << bad;
}

TEST(MachineText, WhatIsTooMuchIsSaidBeforeItIsWritten) {
  Machine machine = small_machine();
  EXPECT_TRUE(check_size(machine));
  machine.knows_devices = true;
  machine.devices.assign(8192, {DeviceKind::other, {"sda"}, false, {}});
  EXPECT_TRUE(check_size(machine));
  EXPECT_TRUE(parse_machine(to_text(machine)));
  machine.devices.push_back(machine.devices[0]);
  EXPECT_EQ(sentence_of(check_size(machine).error()),
            "cannot take in more than 8192 devices: there are 8193");
  EXPECT_FALSE(parse_machine(to_text(machine)));
  machine.devices.clear();
  machine.cpus.back().number = 65536;
  EXPECT_EQ(sentence_of(check_size(machine).error()),
            "cannot take in a CPU with the number 65536: 65535 is the highest");
}

}  // namespace
}  // namespace berth::pin
