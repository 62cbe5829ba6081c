// SPDX-License-Identifier: Apache-2.0
#include "image/serve/placing.h"

namespace berth::serve {

cpu_set_t read_cpus() noexcept {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) CPU_ZERO(&cpus);
  return cpus;
}

void place_server(pid_t server, int launcher_cpu, cpu_set_t cpus) noexcept {
  if (launcher_cpu < 0 || launcher_cpu >= CPU_SETSIZE || CPU_COUNT(&cpus) < 2) return;
  CPU_CLR(static_cast<unsigned>(launcher_cpu), &cpus);
  (void)::sched_setaffinity(server, sizeof cpus, &cpus);
}

}  // namespace berth::serve
