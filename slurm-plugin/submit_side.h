// SPDX-License-Identifier: Apache-2.0
// The plugin inside srun, sbatch and salloc, with the rights of the user who typed them: takes
// --container back from Slurm if it names an image, checks it and the options --container-...,
// and puts `berth` before the program.
#pragma once

#include "base/result.h"
#include "slurm-plugin/container_value.h"
#include "slurm-plugin/settings.h"
#include "slurm-plugin/wish.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace berth::slurm_plugin {

/// Which command the plugin is in.
enum class Command {
  srun,    ///< starts the step itself
  sbatch,  ///< submits a script
  salloc   ///< starts a program where it is typed
};

class SubmitSide {
 public:
  /// Before options are parsed: clears the variables that are read or written later, so that what
  /// is found there then is this step's own.
  void begin();

  /// The value of an option that is ours, below Slurm 21.08. The last one counts.
  void keep_own_value(const char* value);

  /// An option --container-..., by its place in container_options().
  Status keep_option(std::size_t place, const char* value);

  /// After options are parsed, once per component: decides whose --container is.
  Status take_options(Command command, const std::vector<std::string>& plugin_words);

  /// Before the step starts: changes `argv`, of `argc` words, and sets the task's variable.
  Status enter_step(int argc, char** argv);

 private:
  std::optional<std::string> given_value();
  [[nodiscard]] Status check_value(Command command, const std::optional<std::string>& value) const;
  void choose_image(Command command, const std::optional<std::string>& value);
  Status take_environment_file();
  Status take_variables(Command command);
  [[nodiscard]] Status check_unused(Command command) const;
  [[nodiscard]] Status check_companions(Command command) const;
  [[nodiscard]] Result<Found> find_wished_image() const;
  Status take_image(Command command);
  Status give_slurms_option_back();
  Status make_request(Found image);
  Status enter_programs(int argc, char** argv);
  Status enter_program(const std::vector<std::string>& words, char** argv);

  std::optional<std::string> own_value_;
  std::optional<std::string> inherited_;  ///< SLURM_CONTAINER of the step that srun runs in
  unsigned components_ = 0;               ///< of a heterogeneous step: srun A : B has two
  Settings settings_;
  Wish wish_;
  bool is_image_of_kept_ = false;  ///< only a node knows it
  bool is_slurms_option_ = false;  ///< the image was named by --container, which Slurm parses
  std::string image_;              ///< as typed; empty: not a step of ours
  bool has_programs_ = false;      ///< --multi-prog
  Request request_;
};

}  // namespace berth::slurm_plugin
