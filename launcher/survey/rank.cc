// SPDX-License-Identifier: Apache-2.0
#include "launcher/survey/survey.h"

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

constexpr std::array<Launcher, 2> kMpiLaunchers = {{
    {"openmpi", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"mpich", "PMI_RANK", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
}};

/// Variables that are equal in all ranks of a step and different in other steps. Some hold a
/// secret, which keeps strangers from guessing the name that is made from them.
constexpr std::array<std::string_view, 7> kStepVariables = {"SLURM_JOB_ID",
                                                            "SLURM_STEP_ID",
                                                            "SLURMD_NODENAME",
                                                            "PMIX_NAMESPACE",
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

void take_mpi_launcher(Rank& rank, const std::vector<std::string>& environment, int parent) {
  for (const Launcher& launcher : kMpiLaunchers) {
    const std::string size = value_of(environment, launcher.local_size);
    if (!rank.launcher.empty() || size.empty()) continue;
    rank.launcher = launcher.name;
    rank.local_size = number_in(size, 1);
    rank.rank = number_in(value_of(environment, launcher.rank), 0);
    rank.local_rank = number_in(value_of(environment, launcher.local_rank), 0);
    if (launcher.name == "mpich") rank.step += "parent=" + std::to_string(parent);
  }
}

/// Slurm's own ranks; a batch script has a job and no step.
void take_slurm(Rank& rank, const std::vector<std::string>& environment) {
  const std::string tasks = value_of(environment, "SLURM_STEP_TASKS_PER_NODE");
  if (!rank.launcher.empty() || tasks.empty() || value_of(environment, "SLURM_PROCID").empty())
    return;
  rank.launcher = "slurm";
  rank.local_size = tasks_on_node(tasks, number_in(value_of(environment, "SLURM_NODEID"), 0));
  rank.rank = number_in(value_of(environment, "SLURM_PROCID"), 0);
  rank.local_rank = number_in(value_of(environment, "SLURM_LOCALID"), 0);
}

}  // namespace

std::string value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& variable : environment)
    if (variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name))
      return variable.substr(name.size() + 1);
  return {};
}

unsigned tasks_on_node(std::string_view text, unsigned index) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
    const std::size_t times = part.find("(x");
    const unsigned tasks = number_in(part.substr(0, times), 1);
    unsigned nodes = 1;
    if (times != std::string_view::npos && part.back() == ')')
      nodes = number_in(part.substr(times + 2, part.size() - times - 3), 1);
    if (index < nodes) return tasks;
    index -= nodes;
  }
  return 1;
}

Rank rank_of(const std::vector<std::string>& environment, int parent) {
  Rank rank;
  rank.step = step_of(environment);
  take_mpi_launcher(rank, environment, parent);
  take_slurm(rank, environment);
  if (rank.launcher.empty()) return {};
  for (const std::string_view name : {"PMIX_SERVER_TMPDIR", "TMPDIR"}) {
    std::string directory = value_of(environment, name);
    if (directory.starts_with('/')) rank.directories.push_back(std::move(directory));
  }
  return rank;
}

}  // namespace berth::survey
