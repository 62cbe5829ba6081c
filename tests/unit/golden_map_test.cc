// SPDX-License-Identifier: Apache-2.0
// Machines that we do not own. Each tests/data/topology/NAME.case has a line or two on what it is,
// then [synthetic] (hwloc's words for a regular machine) or [xml] (a file beside it), [allowed]
// (all of it where that is left out), [devices] of a regular one as machine_text.h has them, and
// [asked]: a line "PIN MAP RANKS" or "PIN MAP RANKS NEAR" for each map in NAME.maps.txt.
// BERTH_UPDATE_GOLDEN=1 writes these anew; continuous integration may only compare.
#include "base/file.h"
#include "base/text.h"
#include "launcher/pin/divide.h"
#include "launcher/pin/machine_text.h"
#include "launcher/pin/near.h"
#include "launcher/pin/topology.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace berth::pin {
namespace {

using Lines = std::vector<std::string>;

const std::string kFolder = std::string(BERTH_SOURCE_DIR) + "/tests/data/topology/";

bool is_set(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
  return value != nullptr && *value != '\0';
}

Result<Machine> with_devices(Result<Machine> machine, const Lines& devices) {
  if (!machine) return machine;
  std::string text = to_text(*machine);
  std::string more;
  for (const std::string& device : devices)
    more += device + "\n";
  return parse_machine(text.insert(text.rfind("end\n"), more));
}

Result<Machine> machine_of(std::map<std::string, Lines>& sections) {
  // As berth-pin does: no plugins, which are not what is tested.
  (void)::setenv("HWLOC_PLUGINS_PATH", "/dev/null", 1);  // NOLINT(concurrency-mt-unsafe)
  auto topology = Topology::create(Topology::Devices::all);
  if (!topology) return std::move(topology.error());
  if (!sections["synthetic"].empty())
    return with_devices(topology->parse_synthetic(sections["synthetic"][0]), sections["devices"]);
  auto xml = read_text_file(kFolder + sections["xml"].at(0), 1 << 20);
  if (!xml) return std::move(xml.error());
  return topology->parse_xml(*xml);
}

struct Sets {
  std::vector<Numbers> cpus;
  std::vector<std::vector<Device>> devices;
};

Result<Sets> divided(
    const Machine& machine, const Numbers& allowed, const Lines& words, Pin pin, PinMap map) {
  const auto ranks = static_cast<unsigned>(std::stoul(words.at(2)));
  if (words.size() == 3) {
    auto sets = divide(machine, allowed, ranks, pin, map);
    if (!sets) return std::move(sets.error());
    return Sets{std::move(*sets), {}};
  }
  NearWish wish{.near = words[3] == "gpu"   ? Near::gpu
                        : words[3] == "nic" ? Near::nic
                                            : Near::named,
                .ranks = ranks};
  if (wish.near == Near::named) wish.names = split(words[3], ',');
  auto seats = choose_seats(machine, wish);
  if (!seats) return std::move(seats.error());
  auto sets = divide_near(machine, allowed, *seats, pin, map);
  if (!sets) return std::move(sets.error());
  return Sets{std::move(*sets), std::move(seats->devices)};
}

std::string map_of(const Machine& machine, const Numbers& allowed, const std::string& question) {
  const Lines words = split(question, ' ');
  const auto* const pin = std::find_if(
      kPins.begin(), kPins.end(), [&](const auto& one) { return one.first == words.at(0); });
  const auto map = words.at(1) == "spread" ? PinMap::spread : PinMap::packed;
  const auto sets = divided(machine, allowed, words, pin->second, map);
  if (!sets) return question + "\n  " + sentence_of(sets.error()) + "\n";
  std::string text = question + "\n";
  for (std::size_t rank = 0; rank < sets->cpus.size(); ++rank) {
    const Numbers& set = sets->cpus[rank];
    text += "  rank " + std::to_string(rank) + "  " + berth::to_text(set) + "  memory " +
            berth::to_text(memory_near(machine, set));
    if (rank < sets->devices.size()) text += "  near " + words_of(sets->devices[rank][0]);
    text += "\n";
  }
  return text;
}

Lines case_names() {
  Lines names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".case") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

std::map<std::string, Lines> read_case(const std::string& name) {
  std::map<std::string, Lines> sections;
  std::string section = "what";
  const auto text = read_text_file(kFolder + name + ".case", 1 << 16);
  for (const std::string& line : split(text ? *text : "", '\n')) {
    if (line.starts_with('[') && line.ends_with(']'))
      section = line.substr(1, line.size() - 2);
    else if (!line.empty())
      sections[section].push_back(line);
  }
  return sections;
}

class GoldenMap : public testing::TestWithParam<std::string> {};

TEST_P(GoldenMap, IsAsWritten) {
  auto sections = read_case(GetParam());
  const auto machine = machine_of(sections);
  ASSERT_TRUE(machine) << to_text(machine.error());
  const Numbers allowed =
      sections["allowed"].empty() ? machine->allowed : *parse_numbers(sections["allowed"][0]);
  std::string text;
  for (const std::string& question : sections["asked"])
    text += map_of(*machine, allowed, question);
  const std::string file = kFolder + GetParam() + ".maps.txt";
  if (is_set("BERTH_UPDATE_GOLDEN")) {
    ASSERT_FALSE(is_set("CI")) << "continuous integration may not rewrite what it compares with";
    std::ofstream(file) << text;
  }
  const auto golden = read_text_file(file, 1 << 20);
  ASSERT_TRUE(golden) << to_text(golden.error());
  EXPECT_EQ(text, *golden) << "compare with " << file;
}

INSTANTIATE_TEST_SUITE_P(Machines,
                         GoldenMap,
                         testing::ValuesIn(case_names()),
                         [](const auto& test) { return test.param; });

TEST(Topology, HasDevicesOnlyWhereTheyAreAskedFor) {
  const auto xml = read_text_file(kFolder + "devices.xml", 1 << 20);
  ASSERT_TRUE(xml);
  for (const auto devices : {Topology::Devices::none, Topology::Devices::all}) {
    auto topology = Topology::create(devices);
    ASSERT_TRUE(topology);
    const auto machine = topology->parse_xml(*xml);
    ASSERT_TRUE(machine) << to_text(machine.error());
    EXPECT_EQ(machine->knows_devices, devices == Topology::Devices::all);
    std::string text;
    for (const Device& device : machine->devices)
      text +=
          words_of(device) + " " + berth::to_text(device.cpus) + (device.is_fabric ? "!\n" : "\n");
    EXPECT_EQ(text,
              devices == Topology::Devices::none ? ""
                                                 : "0000:01:00.0 0-3\n"
                                                   "nic 0000:02:00.0 (eno1) 0-3\n"
                                                   "gpu 0000:07:00.0 (nvml0) 0-3\n"
                                                   "nic 0000:21:00.0 (ib0) 4-7!\n"
                                                   "gpu 0000:81:00.0 (nvml1) 8-11\n"
                                                   "0000:82:00.0 (nvme0n1) 8-11\n"
                                                   "gpu 0000:a1:00.0 (nvml2) 12-15\n"
                                                   "nic 0000:a2:00.0 (ib1) 12-15!\n");
    const auto again = parse_machine(to_text(*machine));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *machine);
  }
}

TEST(Topology, OfThisMachineHasTheCpusThatWeMayUse) {
  (void)::setenv("HWLOC_PLUGINS_PATH", "/dev/null", 1);  // NOLINT(concurrency-mt-unsafe)
  auto topology = Topology::create();
  ASSERT_TRUE(topology);
  const auto machine = topology->read_machine();
  ASSERT_TRUE(machine) << to_text(machine.error());
  Numbers known;
  for (const Cpu& cpu : machine->cpus)
    known.add(cpu.number);
  EXPECT_TRUE(known.contains(*affinity_of(0)));
}

}  // namespace
}  // namespace berth::pin
