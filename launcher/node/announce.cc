// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/announce.h"

#include <unistd.h>

#include <cstdint>

namespace berth::node {

void announce_helper(int helpers, pid_t pid) noexcept {
  const std::int32_t number = pid;
  // Fewer bytes than PIPE_BUF are not torn (pipe(7)). A pid that does not get through is missed by
  // nobody but Slurm's clock: the step may end a second later.
  if (helpers >= 0) (void)!::write(helpers, &number, sizeof number);
}

}  // namespace berth::node
