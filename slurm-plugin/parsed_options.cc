// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/parsed_options.h"

#include <dlfcn.h>

namespace berth::slurm_plugin {

ParsedOptions::ParsedOptions()
    : options_(::dlsym(RTLD_DEFAULT, "opt")),
      is_set_(reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, "slurm_option_isset"))),
      reset_(reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, "slurm_option_reset"))) {}

bool ParsedOptions::are_reachable() const noexcept {
  return options_ != nullptr && is_set_ != nullptr && reset_ != nullptr;
}

bool ParsedOptions::has(const char* name) const {
  return are_reachable() && is_set_(options_, name);
}

bool ParsedOptions::reset(const char* name) {
  return are_reachable() && reset_(options_, name);
}

}  // namespace berth::slurm_plugin
