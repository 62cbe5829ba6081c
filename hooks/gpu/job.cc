// SPDX-License-Identifier: Apache-2.0
#include "hooks/gpu/job.h"

#include "base/text.h"

#include <algorithm>

namespace berth::hooks {

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

/// The number that tools have for it is its place among all.
bool is_called(const Gpu& gpu, std::size_t place, const std::string& name, bool are_files) {
  if (!is_number(name)) return gpu.name == name;
  return are_files ? gpu.number == name : std::to_string(place) == name;
}

std::vector<Gpu> those_of(const std::vector<Gpu>& there, const JobGpus& job) {
  std::vector<Gpu> own;
  for (std::size_t place = 0; place < there.size(); ++place)
    if (std::any_of(job.names.begin(), job.names.end(), [&](const std::string& name) {
          return is_called(there[place], place, name, job.are_files);
        }))
      own.push_back(there[place]);
  return own;
}

}  // namespace

JobGpus find_job_gpus(const std::function<std::string(const char*)>& variable) {
  for (const char* name : {"SLURM_STEP_GPUS",
                           "SLURM_JOB_GPUS",
                           "CUDA_VISIBLE_DEVICES",
                           "ROCR_VISIBLE_DEVICES",
                           "HIP_VISIBLE_DEVICES"}) {
    const std::string value = variable(name);
    if (value.empty()) continue;
    JobGpus job{name, split(value, ','), std::string_view(name).starts_with("SLURM_")};
    return job;
  }
  return {};
}

Result<std::vector<Gpu>> choose_of_job(const WantedGpus& wanted,
                                       const std::vector<Gpu>& there,
                                       const JobGpus& job) {
  std::vector<Gpu> own = job.variable.empty() ? there : those_of(there, job);
  if (own.empty()) own = there;
  if (wanted.all) return own;
  auto chosen = choose_gpus(wanted, there);
  if (!chosen) return chosen;
  for (const Gpu& gpu : *chosen)
    if (std::none_of(
            own.begin(), own.end(), [&](const Gpu& one) { return one.number == gpu.number; }))
      return Error{Blame::usage,
                   "use the GPU " + quote(gpu.name) + ": this job has not been given it",
                   {},
                   "write --gpus all for what it has: " + job.variable + " is " + names_of(own)};
  return chosen;
}

}  // namespace berth::hooks
