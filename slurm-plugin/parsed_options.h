// SPDX-License-Identifier: Apache-2.0
// What srun, sbatch or salloc has understood of its command line. Not an interface that Slurm
// promises, so each piece is looked up when it is needed and may be missing.
#pragma once

namespace berth::slurm_plugin {

class ParsedOptions {
 public:
  /// Looks the pieces up in the running program.
  ParsedOptions();

  [[nodiscard]] bool are_reachable() const noexcept;

  /// True if the user gave the option, on the command line or in a variable.
  bool has(const char* name) const;

  /// Forgets the option. False if this Slurm does not know it.
  bool reset(const char* name);

 private:
  using Function = bool(void* options, const char* name);

  void* options_ = nullptr;
  Function* is_set_ = nullptr;
  Function* reset_ = nullptr;
};

}  // namespace berth::slurm_plugin
