// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/start.h"

#include "launcher/enter/carry_out.h"
#include "launcher/enter/explain.h"
#include "launcher/enter/linux_mounts.h"

namespace berth::enter {

Failure start(std::vector<Step>& steps, const Tools& tools) {
  const Prepared prepared = prepare(steps);
  LinuxMounts mounts(tools.server_control);
  LinuxProcess process(tools.keeper, tools.doors);
  Kernel kernel{mounts, process};
  const auto stumble = carry_out(steps, prepared, kernel);
  if (!stumble) return {Error{Blame::internal, "start: the plan has no program"}};
  return {explain(*stumble, steps, look_again(steps[stumble->step])),
          exit_code_for(*stumble, steps),
          stumble->step};
}

}  // namespace berth::enter
