// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/nodes.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/cgroup/usage.h"

#include <charconv>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;

std::string line_of(const std::string& file) {
  const auto text = read_text_file(file, kMostText);
  return text ? text->substr(0, text->find('\n')) : "";
}

std::string place_of(const std::string& folder, unsigned node) {
  return folder + "/node" + std::to_string(node);
}

/// "N3=4096": adds it. False where it is no such word.
bool add_word(std::vector<std::uint64_t>& bytes, std::string_view word, std::uint64_t unit) {
  const char* const end = word.data() + word.size();
  unsigned node = 0;
  std::uint64_t number = 0;
  if (!word.starts_with('N')) return false;
  const auto [equal, trouble] = std::from_chars(word.data() + 1, end, node);
  if (trouble != std::errc{} || equal == end || *equal != '=' || node >= Numbers::kMost)
    return false;
  if (std::from_chars(equal + 1, end, number).ptr != end) return false;
  if (bytes.size() <= node) bytes.resize(node + 1);
  bytes[node] += number * unit;
  return true;
}

}  // namespace

std::vector<MemoryNode> read_nodes(const std::string& folder) {
  std::vector<MemoryNode> nodes;
  const auto numbers = parse_numbers(line_of(folder + "/has_memory"));
  if (!numbers) return nodes;
  for (const unsigned number : numbers->all()) {
    const auto cpus = parse_numbers(line_of(place_of(folder, number) + "/cpulist"));
    nodes.push_back({number, cpus.value_or(Numbers())});
  }
  return nodes;
}

std::optional<std::vector<std::uint64_t>> parse_numa_stat(std::string_view text,
                                                          std::uint64_t page) {
  std::vector<std::uint64_t> own;  // of version 1, without the groups below
  std::vector<std::uint64_t> bytes;
  for (const std::string& line : split(text, '\n')) {
    const auto words = split(line, ' ');
    const bool is_second = words[0] == "anon" || words[0] == "file";
    const bool is_whole = words[0].starts_with("hierarchical_total=");
    if (!is_second && !is_whole && !words[0].starts_with("total=")) continue;
    for (std::size_t i = 1; i < words.size(); ++i)
      (void)add_word(is_second || is_whole ? bytes : own, words[i], is_second ? 1 : page);
  }
  if (bytes.empty()) bytes = std::move(own);
  return bytes.empty() ? std::nullopt : std::optional(std::move(bytes));
}

std::uint64_t far_memory(const std::vector<std::uint64_t>& bytes,
                         const std::vector<MemoryNode>& nodes,
                         const Numbers& cpus) {
  std::uint64_t far = 0;
  for (const MemoryNode& node : nodes)
    if (node.number < bytes.size() && !node.cpus.is_empty() &&
        node.cpus.common_with(cpus).is_empty())
      far += bytes[node.number];
  return far;
}

std::optional<PagesGiven> read_pages_given(const std::string& folder) {
  const auto numbers = parse_numbers(line_of(folder + "/has_memory"));
  if (!numbers || numbers->count() < 2) return std::nullopt;
  PagesGiven given;
  for (const unsigned number : numbers->all()) {
    const auto text = read_text_file(place_of(folder, number) + "/numastat", kMostText);
    const auto near = text ? number_in(*text, "local_node") : std::nullopt;
    const auto far = text ? number_in(*text, "other_node") : std::nullopt;
    if (!near || !far) return std::nullopt;
    given.near += *near;
    given.far += *far;
  }
  return given;
}

}  // namespace berth::cgroup
