// SPDX-License-Identifier: Apache-2.0
// Which CPUs and memory nodes this process may use, and which its launcher may.
#include "base/file.h"
#include "base/text.h"
#include "launcher/survey/survey.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace berth::survey {

namespace {

constexpr std::size_t kMostText = 4U << 20U;

std::string proc_file(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

/// 0 where it cannot be told. The name before it may have any character in it (proc(5), stat).
pid_t parent_of(pid_t pid) {
  const auto text = read_text_file(proc_file(pid, "stat"), kMostText);
  const std::size_t name_end = text ? text->rfind(") ") : std::string::npos;
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string> fields = split(std::string_view(*text).substr(name_end + 2), ' ');
  pid_t parent = 0;
  if (fields.size() > 1)
    (void)std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), parent);
  return parent;
}

/// Whether the process was started with all of `variables`.
bool has_variables(pid_t pid, const std::vector<std::string>& variables) {
  const auto text = read_text_file(proc_file(pid, "environ"), kMostText);
  if (!text || variables.empty()) return false;
  const std::string all = '\0' + *text;
  for (const std::string& variable : variables)
    if (all.find('\0' + variable + '\0') == std::string::npos) return false;
  return true;
}

/// Who has started this rank. What stands between has the rank's variables, and its binding: a
/// script, or a program that measures.
pid_t launcher_above(pid_t parent, const std::vector<std::string>& variables) {
  constexpr int kMostBetween = 64;
  pid_t pid = parent;
  for (int i = 0; i < kMostBetween && pid > 1 && has_variables(pid, variables); ++i)
    pid = parent_of(pid);
  return pid;
}

/// All CPUs that this process's control group lets it have. The kernel says so to who asks for all
/// (sched_setaffinity(2)); in the files of control groups it is not always to be seen.
Numbers reachable(const Numbers& own) {
  const std::vector<unsigned long> all(Numbers::kMost / (8 * sizeof(unsigned long)), ~0UL);
  const auto ask = [](const std::vector<unsigned long>& words) {
    return ::syscall(SYS_sched_setaffinity, 0, words.size() * sizeof(unsigned long), words.data());
  };
  if (ask(all) != 0) return own;
  Numbers found = affinity_of(0).value_or(own);
  // Back to where it was: who could be there before may be there now.
  (void)ask(own.words());
  return found;
}

Numbers memory_of_this_process() {
  constexpr std::string_view kName = "\nMems_allowed_list:\t";
  const auto text = read_text_file("/proc/self/status", kMostText);
  const std::size_t at = text ? text->find(kName) : std::string::npos;
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kName.size();
  return parse_numbers(std::string_view(*text).substr(begin, text->find('\n', begin) - begin))
      .value_or(Numbers());
}

/// The numbers or names between commas of a variable. Of Intel's "0.1", a part of a GPU, the GPU.
/// None where it does not name GPUs: "", "NoDevFiles" of Slurm, "-1".
std::vector<std::string> gpus_in(const std::vector<std::string>& environment,
                                 std::string_view variable) {
  const std::string text = value_of(environment, variable);
  if (text.empty() || text == "NoDevFiles" || text == "-1") return {};
  std::vector<std::string> gpus = split(text, ',');
  if (variable == "ZE_AFFINITY_MASK")
    for (std::string& one : gpus)
      one.resize(std::min(one.find('.'), one.size()));
  return gpus;
}

/// Slurm's own numbers are the same in every process. Those of the libraries count what the process
/// may use, if Slurm keeps it from the others.
GivenGpus given_gpus(const std::vector<std::string>& environment) {
  GivenGpus given;
  given.job = gpus_in(environment, "SLURM_JOB_GPUS");
  for (const char* variable : {"SLURM_STEP_GPUS",
                               "CUDA_VISIBLE_DEVICES",
                               "ROCR_VISIBLE_DEVICES",
                               "HIP_VISIBLE_DEVICES",
                               "ZE_AFFINITY_MASK"}) {
    if (!given.own.empty()) break;
    given.own = gpus_in(environment, variable);
    given.variable = variable;
  }
  given.are_files = given.variable == "SLURM_STEP_GPUS";
  return given;
}

}  // namespace

CpuFacts look_at_cpus(const std::vector<std::string>& environment, int parent) {
  CpuFacts facts;
  facts.memory = memory_of_this_process();
  facts.gpus = given_gpus(environment);
  const auto own = affinity_of(0);
  if (!own) return facts;
  facts.own = facts.given = *own;
  const std::vector<std::string> variables = rank_variables(environment);
  if (variables.empty()) return facts;
  const auto launchers = affinity_of(launcher_above(parent, variables));
  if (launchers) facts.given = launchers->common_with(reachable(facts.own));
  return facts;
}

}  // namespace berth::survey
