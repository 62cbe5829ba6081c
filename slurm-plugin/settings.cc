// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/settings.h"

#include "base/text.h"

namespace berth::slurm_plugin {

Result<Settings> parse_settings(const std::vector<std::string>& words) {
  constexpr std::string_view kBerth = "berth=";
  Settings settings{BERTH_PROGRAM};
  for (const std::string& word : words) {
    if (word == "scripts=inside") {
      settings.scripts_inside = true;
      continue;
    }
    if (word == "container_scope=job" || word == "container_scope=global") {
      settings.keeps_for_node = word.ends_with("global");
      continue;
    }
    if (!word.starts_with(std::string(kBerth) + "/"))
      return Error{Blame::config,
                   "understand " + quote(word) + " in plugstack.conf",
                   {},
                   "ask the administrator to write berth=/PATH/TO/berth, scripts=inside or "
                   "container_scope=job"};
    settings.berth = word.substr(kBerth.size());
  }
  return settings;
}

}  // namespace berth::slurm_plugin
