// SPDX-License-Identifier: Apache-2.0
// What srun calls the options of `berth run`. Pure. No third-party library: the Slurm plugin links
// this.
#pragma once

#include "launcher/request/option_words.h"

#include <string>
#include <string_view>

namespace berth::request {

constexpr std::string_view kSlurmPrefix = "container-";

/// Not those that mean nothing in a step, of which Slurm is the launcher: it waits, has --pty, and
/// forwards standard input.
bool is_for_steps(const OptionWord& option);

/// A message, with srun's names of the options in it: "--container-memory" for "--memory". What
/// is another command's, as in "berth run --explain-mpi", and paths in quotes stay.
std::string in_slurms_words(std::string text);

}  // namespace berth::request
