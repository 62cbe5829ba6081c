// SPDX-License-Identifier: Apache-2.0
// Which of a node's GPUs a job has been given, as its launcher and its caller say in variables.
#pragma once

#include "hooks/gpu/choose.h"

#include <functional>
#include <string>
#include <vector>

namespace berth::hooks {

struct JobGpus {
  std::string variable = {};            ///< that says so; empty: nobody says anything
  std::vector<std::string> names = {};  ///< numbers or names
  bool are_files = false;               ///< the numbers are those of the files in /dev
};

/// `variable`: the value of an environment variable, empty where it is not set. Slurm's own come
/// before CUDA_VISIBLE_DEVICES, in which it counts from 0 what a job may open.
JobGpus find_job_gpus(const std::function<std::string(const char*)>& variable);

/// Those of `there` that the job has; all where nobody says anything, or nothing of what is said is
/// on this node. `wanted` may name none that the job has not.
Result<std::vector<Gpu>> choose_of_job(const WantedGpus& wanted,
                                       const std::vector<Gpu>& there,
                                       const JobGpus& job);

}  // namespace berth::hooks
