// SPDX-License-Identifier: Apache-2.0
#include "base/loader.h"

#include <algorithm>
#include <iterator>

namespace berth {

bool names_libraries(std::string_view name) {
  return name.starts_with("LD_") || name == "GCONV_PATH" || name == "GETCONF_DIR" ||
         name == "LOCPATH" || name == "NLSPATH";
}

std::vector<std::string> for_host_program(const std::vector<std::string>& environment) {
  std::vector<std::string> kept;
  kept.reserve(environment.size());
  std::copy_if(environment.begin(),
               environment.end(),
               std::back_inserter(kept),
               [](std::string_view variable) {
                 const std::string_view name = variable.substr(0, variable.find('='));
                 return !names_libraries(name) && name != "GLIBC_TUNABLES" &&
                        name != "MALLOC_TRACE";
               });
  return kept;
}

}  // namespace berth
