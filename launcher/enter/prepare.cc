// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/enter/carry_out.h"

namespace berth::enter {

Prepared prepare(std::vector<Step>& steps) {
  Prepared prepared;
  for (Step& step : steps) {
    if (const auto* others = std::get_if<CloseOthers>(&step)) prepared.kept = others->keep;
    auto* program = std::get_if<Execute>(&step);
    if (program == nullptr) continue;
    for (const std::string& path : program->candidates)
      prepared.candidates.push_back(path.c_str());
    prepared.candidates.push_back(nullptr);
    prepared.arguments = pointers_to(program->arguments);
    prepared.environment = pointers_to(program->environment);
  }
  return prepared;
}

}  // namespace berth::enter
