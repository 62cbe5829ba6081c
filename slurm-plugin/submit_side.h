// SPDX-License-Identifier: Apache-2.0
// The plugin inside srun, sbatch and salloc, with the rights of the user who typed them: takes
// --container back from Slurm if it names an image, checks it, and puts `berth` before the program.
#pragma once

#include "base/result.h"
#include "launcher/model/place.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::slurm_plugin {

/// Which command the plugin is in.
enum class Command {
  srun,      ///< starts the step itself
  allocator  ///< sbatch or salloc
};

class SubmitSide {
 public:
  /// Before options are parsed: clears the variables that are read or written later, so that what
  /// is found there then is this step's own.
  void begin();

  /// The value of an option that is ours, below Slurm 21.08. The last one counts.
  void keep_own_value(const char* value);

  /// The value of --container-pin. The last one counts.
  Status keep_pin(const char* value);

  /// After options are parsed, once per component: decides whose --container is.
  Status take_option(Command command, const std::vector<std::string>& plugin_words);

  /// Before the step starts: changes `argv[0]`, of `argc` words, and sets the task's variable.
  Status enter_step(int argc, char** argv);

 private:
  std::optional<std::string> given_value();
  [[nodiscard]] Status check_pin(Command command) const;
  [[nodiscard]] Status check_companions(Command command, const std::string& value) const;
  Status take_image(const std::string& value, const std::vector<std::string>& plugin_words);

  std::optional<std::string> own_value_;
  std::optional<std::string> inherited_;  ///< SLURM_CONTAINER of the step that srun runs in
  unsigned components_ = 0;               ///< of a heterogeneous step: srun A : B has two
  std::string berth_;
  std::string image_;  ///< empty: not a step of ours
  std::string step_key_;
  std::optional<Placing> placing_;
};

}  // namespace berth::slurm_plugin
