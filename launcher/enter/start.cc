// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/start.h"

#include "launcher/enter/carry_out.h"
#include "launcher/enter/explain.h"

namespace berth::enter {

std::optional<Failure> Launching::carry_out(std::vector<Step>& steps) {
  const Prepared prepared = prepare(steps);
  Kernel kernel{mounts_, process_};
  if (trace_ != nullptr) trace_->expect(steps);
  const auto stumble = enter::carry_out(steps, prepared, kernel, trace_);
  if (stumble)
    return Failure{explain(*stumble, steps, look_again(steps[stumble->step])),
                   exit_code_for(*stumble, steps),
                   taken_ + stumble->step};
  taken_ += static_cast<unsigned>(steps.size());
  return std::nullopt;
}

}  // namespace berth::enter
