// SPDX-License-Identifier: Apache-2.0
// Sockets beside each other; in each, memory and caches below each other, and cores in rows.
#include "launcher/pin/draw.h"
#include "launcher/pin/near.h"
#include "launcher/pin/tree.h"

#include <algorithm>

namespace berth::pin {

namespace {

constexpr unsigned kCpuWidth = 40;
constexpr unsigned kCpuHeight = 34;
constexpr unsigned kGap = 8;
constexpr unsigned kTitle = 18;
constexpr std::size_t kColumns = 8;  ///< cores in a row

struct Scene {
  const Numbers& allowed;
  const std::vector<Numbers>& ranks;
};

/// What has been drawn, and how much room it takes.
struct Picture {
  std::string text = {};
  unsigned width = 0;
  unsigned height = 0;
};

std::string number(unsigned value) {
  return std::to_string(value);
}

std::string moved(const Picture& picture, unsigned x, unsigned y) {
  return "<g transform=\"translate(" + number(x) + "," + number(y) + ")\">" + picture.text +
         "</g>\n";
}

/// Neighbours are told apart: each is a golden angle away from the last one on the wheel.
std::string color_of(unsigned rank) {
  constexpr unsigned kGolden = 137;
  return "hsl(" + number(rank * kGolden % 360) + ",65%,78%)";
}

std::string text_at(unsigned x, unsigned y, const std::string& words, const char* look) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + look + ">" + words + "</text>";
}

Picture draw_cpu(const Cpu& cpu, const Scene& scene) {
  const Numbers here = ranks_on(cpu.number, scene.ranks);
  const bool is_allowed = scene.allowed.has(cpu.number);
  const std::vector<unsigned> all = here.all();
  const std::string label = all.empty() ? "" : "r" + number(all[0]) + (all.size() > 1 ? "+" : "");
  const std::string color = !is_allowed ? "#ccc" : all.empty() ? "#fff" : color_of(all[0]);
  const std::string who = !is_allowed   ? "not to be used"
                          : all.empty() ? "nobody"
                                        : "rank " + to_text(here) + " of this node";
  return {"<rect width=\"" + number(kCpuWidth) + "\" height=\"" + number(kCpuHeight) +
              "\" fill=\"" + color + "\" stroke=\"#888\"><title>CPU " + number(cpu.number) + ": " +
              who + "</title></rect>" +
              text_at(kCpuWidth / 2, 13, number(cpu.number), "class=\"cpu\"") +
              text_at(kCpuWidth / 2, 28, label, "class=\"rank\""),
          kCpuWidth,
          kCpuHeight};
}

/// Pictures beside each other, at most `columns` in a row.
Picture in_rows(const std::vector<Picture>& pictures, std::size_t columns, unsigned gap) {
  Picture all;
  unsigned x = 0;
  unsigned y = 0;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (i != 0 && i % columns == 0) {
      x = 0;
      y = all.height + gap;
    }
    all.text += moved(pictures[i], x, y);
    x += pictures[i].width + gap;
    all.width = std::max(all.width, x - gap);
    all.height = std::max(all.height, y + pictures[i].height);
  }
  return all;
}

Picture draw_cores(const std::vector<std::vector<Cpu>>& cores, const Scene& scene) {
  std::vector<Picture> pictures;
  for (const auto& core : cores) {
    std::vector<Picture> threads;
    threads.reserve(core.size());
    for (const Cpu& cpu : core)
      threads.push_back(draw_cpu(cpu, scene));
    pictures.push_back(in_rows(threads, threads.size(), 0));
  }
  return in_rows(pictures, kColumns, kGap);
}

/// A box with a title around what is in it.
Picture boxed(const Picture& inside, const std::string& title) {
  Picture box{{}, inside.width + 2 * kGap, inside.height + 2 * kGap + kTitle};
  box.text = "<rect width=\"" + number(box.width) + "\" height=\"" + number(box.height) +
             "\" rx=\"4\" fill=\"none\" stroke=\"#555\"/>" +
             text_at(kGap, kTitle - 4, title, "class=\"title\"") +
             moved(inside, kGap, kTitle + kGap / 2);
  return box;
}

std::vector<Picture> draw_groups(const std::vector<Group>& groups, const Scene& scene) {
  std::vector<Picture> pictures;
  for (const Group& group : groups) {
    const Picture inside = group.parts.empty() ? draw_cores(group.cores, scene)
                                               : in_rows(draw_groups(group.parts, scene), 1, kGap);
    pictures.push_back(group.title.empty() ? inside : boxed(inside, group.title));
  }
  return pictures;
}

/// A box in the colour of its first rank.
Picture draw_device(const Neighbours& here) {
  constexpr unsigned kWidth = 240;
  const std::vector<unsigned> all = here.ranks.all();
  const std::string whose = all.empty() ? "nobody's" : "rank " + to_text(here.ranks) + "'s";
  const std::string label = words_of(here.device);
  return {"<rect width=\"" + number(kWidth) + "\" height=\"" + number(kCpuHeight) +
              "\" rx=\"4\" fill=\"" + (all.empty() ? "#fff" : color_of(all[0])) +
              "\" stroke=\"#888\"><title>" + label + ": " + whose + "; near the CPUs " +
              to_text(here.device.cpus) + "</title></rect>" +
              text_at(kGap, 13, label, "class=\"title\"") +
              text_at(kGap, 28, all.empty() ? "" : "r" + to_text(here.ranks), "class=\"title\""),
          kWidth,
          kCpuHeight};
}

Picture draw_devices(const Machine& machine, const std::vector<std::vector<Device>>& devices) {
  constexpr std::size_t kInRow = 4;
  std::vector<Picture> pictures;
  for (const Neighbours& one : neighbours_of(machine, devices))
    pictures.push_back(draw_device(one));
  return in_rows(pictures, kInRow, kGap);
}

}  // namespace

std::string draw_svg(const Machine& machine,
                     const Numbers& allowed,
                     const std::vector<Numbers>& ranks,
                     const std::vector<std::vector<Device>>& devices) {
  const std::vector<Picture> sockets = draw_groups(groups_of(machine), {allowed, ranks});
  std::vector<Picture> parts = {in_rows(sockets, sockets.size(), 2 * kGap)};
  const Picture around = draw_devices(machine, devices);
  if (around.height != 0) parts.push_back(around);
  const Picture node = in_rows(parts, 1, 2 * kGap);
  const unsigned width = node.width + 2 * kGap;
  const unsigned height = node.height + 2 * kGap;
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
         number(width) + "\" height=\"" + number(height) + "\" viewBox=\"0 0 " + number(width) +
         " " + number(height) +
         "\">\n"
         "<style>text{font-family:sans-serif;font-size:12px}"
         ".cpu{text-anchor:middle;fill:#666;font-size:10px}"
         ".rank{text-anchor:middle;font-weight:bold}</style>\n"
         "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
         moved(node, kGap, kGap) + "</svg>\n";
}

}  // namespace berth::pin
