// SPDX-License-Identifier: Apache-2.0
// `berth stats`: what running containers use.
#include "base/file.h"
#include "base/numbers.h"
#include "base/text.h"
#include "launcher/cgroup/nodes.h"
#include "launcher/cgroup/usage.h"
#include "launcher/cli/containers.h"
#include "launcher/cli/screen.h"
#include "launcher/cli/verbs.h"
#include "launcher/state/members.h"
#include "launcher/survey/survey.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <map>

namespace berth::cli {

namespace {

constexpr std::uint64_t kMillion = 1'000'000;

/// What one container used at one moment.
struct Sample {
  cgroup::Usage usage;
  std::size_t processes = 0;
  std::optional<std::uint64_t> far = {};  ///< bytes on memory nodes that are far from its CPUs
  bool is_of_group = false;
  std::uint64_t at = 0;  ///< microseconds of CLOCK_MONOTONIC
};

std::uint64_t now() {
  timespec time{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &time);  // every kernel has it
  return static_cast<std::uint64_t>(time.tv_sec) * kMillion +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

/// Whether a process is in that group, or in one below it.
bool is_in_group(pid_t pid, const std::string& directory) {
  constexpr std::size_t kMostText = 1U << 20U;
  const std::string name = directory.substr(directory.rfind('/'));
  const auto text = read_text_file("/proc/" + std::to_string(pid) + "/cgroup", kMostText);
  return text && (text->find(name + "/") != std::string::npos ||
                  text->find(name + "\n") != std::string::npos);
}

/// Of a group its numbers, and of what it does not count those of the processes that there are.
Result<Sample> sample_of(const state::Container& container) {
  const auto members = state::Members::of(container);
  if (!members) return members.error();
  const auto tick = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto directories =
      cgroup::directories_of(cgroup::read_hierarchies(container.program.id().pid));
  // Its number may have become another's meanwhile.
  if (!container.program.lives())
    return Error{Blame::host, "measure " + quote(container.record.name) + ": it has ended"};
  std::uint64_t cpu = 0;
  std::uint64_t memory = 0;
  Numbers cpus;
  Sample sample;
  for (const state::Member& one : members->list()) {
    cpu += one.stat.ticks * kMillion / tick;
    memory += one.stat.pages * page;
    // An init is bound to none, and its memory is not the group's.
    if (!directories.empty() && is_in_group(one.stat.id.pid, directories.front()))
      cpus.add(affinity_of(one.stat.id.pid).value_or(Numbers()));
    ++sample.processes;
  }
  sample.usage = cgroup::read_usage(directories);
  sample.is_of_group = !directories.empty();
  if (!sample.usage.cpu) sample.usage.cpu = cpu;
  if (!sample.usage.memory) sample.usage.memory = memory;
  if (sample.usage.memory_on)
    sample.far = cgroup::far_memory(*sample.usage.memory_on, cgroup::read_nodes(), cpus);
  sample.at = now();
  return sample;
}

/// The rank that the container was started as, if it was one.
std::optional<unsigned> rank_of(const state::Container& container) {
  const Rank rank = survey::rank_of(container.record.entry.environment, 0);
  return rank.launcher.empty() ? std::nullopt : std::optional(rank.rank);
}

/// Percent of one CPU since the sample before.
double share_of(const Sample& before, const Sample& sample) {
  const std::uint64_t time = sample.at - before.at;
  if (time == 0 || *sample.usage.cpu < *before.usage.cpu) return 0;
  return 100.0 * static_cast<double>(*sample.usage.cpu - *before.usage.cpu) /
         static_cast<double>(time);
}

std::string in_tenths(double number) {
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.1f", number);  // fits
  return text;
}

std::string size_or_dash(const std::optional<std::uint64_t>& bytes) {
  // Without a limit version 1 says a number that no machine has.
  constexpr std::uint64_t kNone = 1ULL << 60U;
  return bytes && *bytes < kNone ? size_text(*bytes) : "-";
}

std::string number_or_dash(const std::optional<std::uint64_t>& number) {
  return number ? std::to_string(*number) : "-";
}

std::vector<std::string> row_of(const state::Container& container,
                                const Sample& before,
                                const Sample& sample) {
  const cgroup::Usage& usage = sample.usage;
  const auto rank = rank_of(container);
  return {container.record.name,
          rank ? std::to_string(*rank) : "-",
          in_tenths(share_of(before, sample)),
          in_tenths(static_cast<double>(*usage.cpu) / static_cast<double>(kMillion)),
          usage.periods ? std::to_string(cgroup::throttled_share(usage)) : "-",
          size_text(*usage.memory),
          size_or_dash(usage.memory_limit),
          size_or_dash(usage.memory_peak),
          size_or_dash(sample.far),
          number_or_dash(usage.oom_kills),
          std::to_string(sample.processes),
          sample.is_of_group ? "group" : "/proc"};
}

void put(Json& json, const char* name, const std::optional<std::uint64_t>& number) {
  if (number) json[name] = *number;
}

Json json_of(const state::Container& container, const Sample& before, const Sample& sample) {
  const cgroup::Usage& usage = sample.usage;
  Json json = {{"name", container.record.name},
               {"state", state::name_of(container.state)},
               {"source", sample.is_of_group ? "group" : "proc"},
               {"processes", sample.processes},
               {"cpu_percent", share_of(before, sample)}};
  if (const auto rank = rank_of(container)) json["rank"] = *rank;
  put(json, "cpu_microseconds", usage.cpu);
  put(json, "periods", usage.periods);
  put(json, "throttled_periods", usage.throttled);
  put(json, "memory", usage.memory);
  put(json, "memory_limit", usage.memory_limit);
  put(json, "memory_peak", usage.memory_peak);
  put(json, "memory_far", sample.far);
  if (usage.memory_on) json["memory_on_nodes"] = *usage.memory_on;
  put(json, "numa_hint_faults", usage.balancing_faults);
  put(json, "numa_pages_migrated", usage.pages_moved);
  put(json, "oom_kills", usage.oom_kills);
  put(json, "tasks", usage.pids);
  put(json, "tasks_refused", usage.pids_refused);
  put(json, "cpu_wait_microseconds", usage.cpu_waits);
  put(json, "memory_wait_microseconds", usage.memory_waits);
  put(json, "io_wait_microseconds", usage.io_waits);
  return json;
}

void sleep_for(long milliseconds) {
  const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  (void)::nanosleep(&time, nullptr);
}

/// The verb, from one look to the next.
class Stats {
 public:
  Stats(const ContainerWish& wish, Session& session) : wish_(wish), session_(session) {}

  int go();

 private:
  std::vector<state::Container> running();
  bool look();
  void show();

  const ContainerWish& wish_;
  Session& session_;
  std::vector<state::Container> containers_;
  std::map<std::string, Sample> before_;  ///< by the record's key
  std::map<std::string, Sample> samples_;
  int code_ = 0;
  bool has_complained_ = false;
};

/// Those that are asked for. One that has a name and does not run is an error, once.
std::vector<state::Container> Stats::running() {
  std::vector<state::Container> found;
  const auto directory = open_containers(session_);
  if (!directory) {
    code_ = not_done(session_, directory.error());
    return found;
  }
  if (wish_.words.empty())
    for (state::Container& one : state::look_at_all(*directory).containers)
      if (one.has_program()) found.push_back(std::move(one));
  for (const std::string& name : wish_.words) {
    auto one = state::find(*directory, name);
    const Status fine = one ? check_program(*one, "measure") : Status(one.error());
    if (fine)
      found.push_back(std::move(*one));
    else if (!has_complained_)
      code_ = not_done(session_, fine.error());
  }
  has_complained_ = true;
  return found;
}

/// Whether there is anything to be seen.
bool Stats::look() {
  before_ = std::move(samples_);
  samples_.clear();
  containers_ = running();
  for (const state::Container& one : containers_)
    if (auto sample = sample_of(one)) samples_.emplace(one.record.key, *sample);
  return !samples_.empty();
}

void Stats::show() {
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows = {{"NAME",
                                                 "RANK",
                                                 "CPU%",
                                                 "CPU-S",
                                                 "HELD%",
                                                 "MEMORY",
                                                 "LIMIT",
                                                 "PEAK",
                                                 "FAR",
                                                 "OOM",
                                                 "PROCESSES",
                                                 "FROM"}};
  for (const state::Container& one : containers_) {
    const auto sample = samples_.find(one.record.key);
    if (sample == samples_.end()) continue;
    const auto before = before_.find(one.record.key);
    const Sample& earlier = before == before_.end() ? sample->second : before->second;
    all.push_back(json_of(one, earlier, sample->second));
    rows.push_back(row_of(one, earlier, sample->second));
  }
  if (wish_.as_json) return print_json(session_, all);
  const auto screen = wish_.is_once ? std::nullopt : screen_of(session_);
  session_.streams.out(screen ? shown_on(*screen, table_of(rows)) : table_of(rows));
}

int Stats::go() {
  constexpr long kFirst = 200;  // between the two looks that a share of a CPU takes
  constexpr long kNext = 1000;
  const bool has_found = look();
  if (!has_found && code_ != 0) return code_;
  if (has_found) sleep_for(kFirst);
  while (look()) {
    show();
    if (wish_.is_once) return code_;
    sleep_for(kNext);
  }
  // Nothing runs, or nothing does any more.
  if (wish_.is_once || code_ == 0) show();
  return code_;
}

}  // namespace

int stats_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{
      "berth stats [OPTIONS] [NAME...]",
      "Shows what running containers use, again every second, until they have ended.",
      {json_option(), once_option(), help_option()},
      0,
      kAnyNumber};
  ContainerWish wish;
  if (const auto code = take_words(verb, words, session, wish)) return *code;
  return Stats(wish, session).go();
}

}  // namespace berth::cli
