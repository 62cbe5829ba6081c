// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/draw.h"

#include "base/text.h"
#include "tests/unit/some_machine.h"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::pin {
namespace {

using testing::HasSubstr;

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

// Two sockets; on the first, two cores of two threads with a cache, on the second one without.
Machine small_machine() {
  return {{{0, 0, 0, 0, 0, 0},
           {4, 0, 0, 0, 0, 0},
           {1, 1, 0, 0, 0, 0},
           {5, 1, 0, 0, 0, 0},
           {2, 2, Cpu::kNoL3, 1, 1, 0}},
          {*parse_numbers("0"), Numbers()},
          *parse_numbers("0-2,4-5")};
}

const std::vector<Numbers> kRanks = {
    *parse_numbers("0,4"), *parse_numbers("1"), *parse_numbers("1")};

TEST(DrawText, ShowsWhoIsOnEachCore) {
  EXPECT_EQ(draw_text(small_machine(), *parse_numbers("0-1,4-5"), kRanks, {}),
            "socket 0\n"
            "  memory 0\n"
            "    L3 cache 0\n"
            "      0,4 r0       1 r1-2 5 -\n"
            "socket 1\n"
            "  memory elsewhere\n"
            "    2 x\n"
            "each core: its CPUs, and rN: rank N of this node; -: nobody; x: not to be used\n");
}

TEST(DrawText, FitsATerminalWhateverTheMachine) {
  for (unsigned seed = 1; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const Machine machine = tests::some_machine(random);
    const std::string text = draw_text(machine, machine.allowed, {machine.allowed}, {});
    for (const std::string& line : split(text, '\n'))
      EXPECT_LE(line.size(), 80U) << line;
    for (const Cpu& cpu : machine.cpus)
      EXPECT_THAT(text, HasSubstr(std::to_string(cpu.number)));
  }
}

TEST(DrawSvg, HasEachCpuOnceAndSaysWhoseItIs) {
  const std::string svg = draw_svg(small_machine(), *parse_numbers("0-1,4-5"), kRanks, {});
  for (const char* title : {"CPU 0: rank 0 of this node",
                            "CPU 4: rank 0 of this node",
                            "CPU 1: rank 1-2 of this node",
                            "CPU 5: nobody",
                            "CPU 2: not to be used"})
    EXPECT_EQ(count_of(svg, std::string("<title>") + title + "</title>"), 1U) << title;
  EXPECT_EQ(count_of(svg, "<title>"), 5U);
  EXPECT_EQ(count_of(svg, "<g "), count_of(svg, "</g>"));
}

TEST(DrawSvg, GivesNeighboursDifferentColours) {
  const std::string svg = draw_svg(
      small_machine(), small_machine().allowed, {*parse_numbers("0"), *parse_numbers("1")}, {});
  EXPECT_EQ(count_of(svg, "fill=\"hsl(0,"), 1U);
  EXPECT_EQ(count_of(svg, "fill=\"hsl(137,"), 1U);
}

TEST(Drawings, OfNothingAreStillDrawings) {
  EXPECT_EQ(draw_text({}, {}, {}, {}).find("each core"), 0U);
  EXPECT_THAT(draw_svg({}, {}, {}, {}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace berth::pin
