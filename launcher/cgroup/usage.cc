// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/usage.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/cgroup/nodes.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;
constexpr std::uint64_t kThousand = 1000;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  if (trouble != std::errc{} || rest == text.data()) return std::nullopt;
  return number;
}

/// Where one number of a group stands. Both versions are looked for: a name is only in one of them.
struct Source {
  const char* file;
  const char* key;
  std::optional<std::uint64_t> Usage::*field;
  std::uint64_t divisor = 1;
};

constexpr std::array<Source, 18> kSources = {{
    {"cpu.stat", "usage_usec", &Usage::cpu},
    {"cpuacct.usage", "", &Usage::cpu, kThousand},
    {"cpu.stat", "nr_periods", &Usage::periods},
    {"cpu.stat", "nr_throttled", &Usage::throttled},
    {"memory.current", "", &Usage::memory},
    {"memory.usage_in_bytes", "", &Usage::memory},
    {"memory.max", "", &Usage::memory_limit},
    {"memory.limit_in_bytes", "", &Usage::memory_limit},
    {"memory.peak", "", &Usage::memory_peak},
    {"memory.max_usage_in_bytes", "", &Usage::memory_peak},
    {"memory.events", "max", &Usage::memory_full},
    {"memory.failcnt", "", &Usage::memory_full},
    {"memory.events", "oom_kill", &Usage::oom_kills},
    {"memory.oom_control", "oom_kill", &Usage::oom_kills},
    {"memory.stat", "numa_hint_faults", &Usage::balancing_faults},
    {"memory.stat", "numa_pages_migrated", &Usage::pages_moved},
    {"pids.current", "", &Usage::pids},
    {"pids.events", "max", &Usage::pids_refused},
}};

struct Pressure {
  const char* file;
  std::optional<std::uint64_t> Usage::*field;
};

constexpr std::array<Pressure, 3> kPressures = {{{"cpu.pressure", &Usage::cpu_waits},
                                                 {"memory.pressure", &Usage::memory_waits},
                                                 {"io.pressure", &Usage::io_waits}}};

void read_from(const std::string& directory, Usage& usage) {
  for (const Source& source : kSources) {
    const auto text = read_text_file(directory + "/" + source.file, kMostText);
    const auto number = text ? number_in(*text, source.key) : std::nullopt;
    if (number && !(usage.*source.field)) usage.*source.field = *number / source.divisor;
  }
  for (const Pressure& pressure : kPressures) {
    const auto read = read_text_file(directory + "/" + pressure.file, kMostText);
    if (read && !(usage.*pressure.field)) usage.*pressure.field = total_in(*read);
  }
  if (usage.memory_on) return;
  const auto nodes = read_text_file(directory + "/memory.numa_stat", kMostText);
  if (nodes) usage.memory_on = parse_numa_stat(*nodes, std::uint64_t(::sysconf(_SC_PAGESIZE)));
}

std::string seconds_text(std::uint64_t microseconds) {
  const std::uint64_t hundredths = microseconds / 10'000;
  const std::uint64_t rest = hundredths % 100;
  return std::to_string(hundredths / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest) + " s";
}

std::string option_of(const GroupWishes& wishes, LimitKind kind) {
  for (const GroupLimit& limit : wishes.limits)
    if (limit.kind == kind) return words_of(limit);
  return {};
}

std::string count_text(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string remark_on_memory(const Usage& usage,
                             const GroupWishes& wishes,
                             const std::string& program,
                             bool is_killed) {
  const std::string who = is_killed ? quote(program) + " was killed"
                                    : count_text(*usage.oom_kills, "process", "processes") +
                                          " of " + quote(program) + " " +
                                          (*usage.oom_kills == 1 ? "was" : "were") + " killed";
  const std::string option = option_of(wishes, LimitKind::memory);
  const bool was_full = usage.memory_full.value_or(0) > 0;
  if (!option.empty() && was_full) return who + ": its memory is bounded by " + option;
  return who + ": the memory of the job or of the node was used up";
}

/// Behind the innermost part of a path that is a launch's group; npos where none is. Programs of
/// the container may have made groups below, or had to make room there for a launch of their own.
std::size_t end_of_group(const std::string& place) {
  for (std::size_t end = place.size(); end != std::string::npos && end > 0;) {
    const std::size_t slash = place.rfind('/', end - 1);
    if (slash == std::string::npos) return slash;
    const auto words = split(std::string_view(place).substr(slash + 1, end - slash - 1), '-');
    if (words.size() == 4 && words[0] + "-" == kGroupPrefix) return end;
    end = slash;
  }
  return std::string::npos;
}

}  // namespace

std::optional<std::uint64_t> number_in(const std::string& text, const std::string& key) {
  if (key.empty()) return number_of(text);
  for (const std::string& line : split(text, '\n'))
    if (line.starts_with(key + " "))
      return number_of(std::string_view(line).substr(key.size() + 1));
  return std::nullopt;
}

std::optional<std::uint64_t> total_in(const std::string& text) {
  constexpr std::string_view kTotal = " total=";
  const std::string line = text.substr(0, text.find('\n'));
  const std::size_t at = line.find(kTotal);
  if (!line.starts_with("some ") || at == line.npos) return std::nullopt;
  return number_of(std::string_view(line).substr(at + kTotal.size()));
}

Usage read_usage(std::span<const std::string> directories) {
  Usage usage;
  for (const std::string& directory : directories)
    read_from(directory, usage);
  return usage;
}

unsigned throttled_share(const Usage& usage) {
  const std::uint64_t periods = usage.periods.value_or(0);
  return periods == 0 ? 0 : static_cast<unsigned>(100 * usage.throttled.value_or(0) / periods);
}

std::vector<std::string> remarks_on(const Usage& usage,
                                    const GroupWishes& wishes,
                                    const std::string& program,
                                    bool is_killed) {
  constexpr unsigned kWorthSaying = 10;
  std::vector<std::string> remarks;
  if (usage.oom_kills.value_or(0) > 0)
    remarks.push_back(remark_on_memory(usage, wishes, program, is_killed));
  const std::string quota = option_of(wishes, LimitKind::cpus);
  if (!quota.empty() && throttled_share(usage) > kWorthSaying)
    remarks.push_back(quote(program) + " had to wait for CPUs in " +
                      std::to_string(throttled_share(usage)) + " % of its time: it is bounded by " +
                      quota);
  const std::string pids = option_of(wishes, LimitKind::pids);
  if (!pids.empty() && usage.pids_refused.value_or(0) > 0)
    remarks.push_back(quote(program) + " was refused new processes " +
                      count_text(*usage.pids_refused, "time", "times") + ": it is bounded by " +
                      pids);
  return remarks;
}

std::string summary_of(const Usage& usage) {
  std::string text = "used CPU " + (usage.cpu ? seconds_text(*usage.cpu) : "(not counted)");
  if (usage.periods.value_or(0) > 0)
    text += ", throttled in " + std::to_string(throttled_share(usage)) + " % of its time";
  text += ", memory " + (usage.memory_peak ? size_text(*usage.memory_peak) : "(not counted)") +
          " at most";
  if (usage.oom_kills) text += ", OOM kills " + std::to_string(*usage.oom_kills);
  std::string waits;
  for (const auto& [name, wait] : {std::pair("CPU", usage.cpu_waits),
                                   std::pair("memory", usage.memory_waits),
                                   std::pair("disks", usage.io_waits)})
    if (wait) waits += std::string(waits.empty() ? "" : ", ") + name + " " + seconds_text(*wait);
  if (!waits.empty()) text += "; waited for " + waits;
  if (usage.pages_moved.value_or(0) > 0)
    text += "; " + count_text(*usage.pages_moved, "page was", "pages were") +
            " on another memory node than the CPU, and moved there";
  const std::uint64_t pages = usage.pages_near.value_or(0) + usage.pages_far.value_or(0);
  if (pages == 0) return text;
  return text + "; of all " + std::to_string(pages) +
         " pages that this machine gave out meanwhile " +
         std::to_string(100 * usage.pages_far.value_or(0) / pages) +
         " % lay on another memory node than the CPU";
}

std::vector<std::string> directories_of(const std::vector<Hierarchy>& hierarchies) {
  std::vector<std::string> directories;
  for (const Hierarchy& one : hierarchies)
    if (const std::size_t end = end_of_group(one.place); end != std::string::npos)
      directories.push_back(one.place.substr(0, end));
  return directories;
}

std::vector<std::string> places_in_group(const std::vector<Hierarchy>& hierarchies) {
  std::vector<std::string> places;
  for (const Hierarchy& one : hierarchies)
    if (end_of_group(one.place) != std::string::npos) places.push_back(one.place);
  return places;
}

}  // namespace berth::cgroup
