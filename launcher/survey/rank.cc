// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/survey/survey.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace berth::survey {

namespace {

unsigned number_in(std::string_view text, unsigned otherwise) {
  unsigned number = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  return trouble == std::errc{} && end == text.data() + text.size() ? number : otherwise;
}

/// How one launcher tells a process its place.
struct Launcher {
  std::string_view name;
  std::string_view rank;
  std::string_view local_rank;
  std::string_view local_size;
};

constexpr Launcher kFlux = {"flux", "FLUX_TASK_RANK", "FLUX_TASK_LOCAL_ID", "FLUX_JOB_SIZE"};
constexpr Launcher kSlurm = {"slurm", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"};
constexpr std::array<Launcher, 4> kLaunchers = {{
    {"openmpi", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"mpich", "PMI_RANK", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
    kFlux,
    kSlurm,
}};

/// Variables that are equal in all ranks of a step and different in other steps. Some hold a
/// secret, which keeps strangers from guessing the name that is made from them.
constexpr std::array<std::string_view, 9> kStepVariables = {"SLURM_JOB_ID",
                                                            "SLURM_STEP_ID",
                                                            "SLURMD_NODENAME",
                                                            "PMIX_NAMESPACE",
                                                            "FLUX_URI",
                                                            "FLUX_JOB_ID",
                                                            "OMPI_MCA_ess_base_jobid",
                                                            "OMPI_MCA_orte_precondition_transports",
                                                            "HYDI_CONTROL_FD"};

std::string step_of(const std::vector<std::string>& environment) {
  std::string step;
  for (const std::string_view name : kStepVariables) {
    const std::string value = value_of(environment, name);
    if (!value.empty()) step.append(name).append("=").append(value).append(" ");
  }
  return step;
}

/// The number that a variable has; where it has none that is a reason for doubt.
unsigned read_number(Rank& rank,
                     const std::vector<std::string>& environment,
                     std::string_view name,
                     unsigned otherwise) {
  constexpr unsigned kNone = ~0U;
  const std::string text = value_of(environment, name);
  const unsigned number = number_in(text, kNone);
  if (number != kNone) return number;
  if (rank.doubt.empty())
    rank.doubt = std::string(name) + (text.empty() ? " is not set" : " is " + quote(text));
  return otherwise;
}

/// Flux says how many ranks and nodes a job has, and puts as many on each node if it can.
unsigned flux_ranks(Rank& rank, const std::vector<std::string>& environment) {
  const unsigned all = read_number(rank, environment, kFlux.local_size, 1);
  const unsigned nodes = read_number(rank, environment, "FLUX_JOB_NNODES", 1);
  if (nodes != 0 && all % nodes == 0) return all / nodes;
  if (rank.doubt.empty())
    rank.doubt = "Flux has " + std::to_string(all) + " ranks on " + std::to_string(nodes) +
                 " nodes, and does not say how many here";
  return 1;
}

unsigned slurm_ranks(Rank& rank, const std::vector<std::string>& environment) {
  const std::string tasks = value_of(environment, kSlurm.local_size);
  const unsigned node = number_in(value_of(environment, "SLURM_NODEID"), 0);
  const auto count = find_tasks(tasks, node);
  if (!count && rank.doubt.empty())
    rank.doubt =
        std::string(kSlurm.local_size) + " is " + quote(tasks) + " on node " + std::to_string(node);
  return count.value_or(1);
}

/// Of Slurm, a batch script has a job and no step.
bool is_started_by(const Launcher& launcher, const std::vector<std::string>& environment) {
  const bool is_step = !value_of(environment, launcher.local_size).empty();
  if (launcher.name == kFlux.name)
    return is_step && !value_of(environment, launcher.local_rank).empty();
  return is_step && (launcher.name != kSlurm.name || !value_of(environment, launcher.rank).empty());
}

void take_launcher(Rank& rank,
                   const Launcher& launcher,
                   const std::vector<std::string>& environment) {
  rank.launcher = launcher.name;
  rank.rank = read_number(rank, environment, launcher.rank, 0);
  rank.local_rank = read_number(rank, environment, launcher.local_rank, 0);
  if (launcher.name == kSlurm.name)
    rank.local_size = slurm_ranks(rank, environment);
  else if (launcher.name == kFlux.name)
    rank.local_size = flux_ranks(rank, environment);
  else
    rank.local_size = read_number(rank, environment, launcher.local_size, 1);
  if (rank.doubt.empty() && rank.local_rank >= rank.local_size)
    rank.doubt = "it is number " + std::to_string(rank.local_rank) + " of " +
                 std::to_string(rank.local_size) + ", counted from 0 (" +
                 std::string(launcher.local_rank) + ")";
}

/// The innermost.
const Launcher* find_launcher(const std::vector<std::string>& environment) {
  for (const Launcher& launcher : kLaunchers)
    if (is_started_by(launcher, environment)) return &launcher;
  return nullptr;
}

}  // namespace

std::string value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& variable : environment)
    if (variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name))
      return variable.substr(name.size() + 1);
  return {};
}

std::optional<unsigned> find_tasks(std::string_view text, unsigned index) {
  constexpr unsigned kNone = ~0U;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
    const std::size_t times = part.find("(x");
    const unsigned tasks = number_in(part.substr(0, times), kNone);
    unsigned nodes = 1;
    if (times != std::string_view::npos)
      nodes =
          part.back() == ')' ? number_in(part.substr(times + 2, part.size() - times - 3), 0) : 0;
    if (tasks == kNone || nodes == 0) return std::nullopt;
    if (index < nodes) return tasks;
    index -= nodes;
  }
  return std::nullopt;
}

std::vector<std::string> rank_variables(const std::vector<std::string>& environment) {
  const Launcher* const launcher = find_launcher(environment);
  if (launcher == nullptr) return {};
  std::vector<std::string> variables;
  for (const std::string_view name : {launcher->rank, launcher->local_rank})
    variables.push_back(std::string(name) + "=" + value_of(environment, name));
  return variables;
}

bool is_in_job(const std::vector<std::string>& environment) {
  constexpr std::array<std::string_view, 6> kJobs = {
      "SLURM_JOB_ID", "FLUX_JOB_ID", "PBS_JOBID", "LSB_JOBID", "PJM_JOBID", "PMIX_NAMESPACE"};
  return find_launcher(environment) != nullptr ||
         std::any_of(kJobs.begin(), kJobs.end(), [&](std::string_view name) {
           return !value_of(environment, name).empty();
         });
}

Rank rank_of(const std::vector<std::string>& environment, int parent) {
  const Launcher* const launcher = find_launcher(environment);
  Rank rank;
  if (launcher == nullptr) {
    if (!value_of(environment, "PMIX_RANK").empty())
      rank.doubt =
          "PMIX_RANK is its number among all ranks of the job, and no variable says which of this "
          "node's it is";
    return rank;
  }
  rank.step = step_of(environment);
  take_launcher(rank, *launcher, environment);
  if (launcher->name == "mpich") rank.step += "parent=" + std::to_string(parent);
  for (const std::string_view name : {"PMIX_SERVER_TMPDIR", "TMPDIR"}) {
    std::string directory = value_of(environment, name);
    if (directory.starts_with('/')) rank.directories.push_back(std::move(directory));
  }
  return rank;
}

}  // namespace berth::survey
