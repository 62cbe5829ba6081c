// SPDX-License-Identifier: Apache-2.0
#include "base/apart.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace berth {

namespace {

void ignore_signals() {
  for (const int number : {SIGHUP,
                           SIGINT,
                           SIGQUIT,
                           SIGTERM,
                           SIGUSR1,
                           SIGUSR2,
                           SIGALRM,
                           SIGTSTP,
                           SIGTTIN,
                           SIGTTOU,
                           SIGPIPE,
                           SIGXCPU})
    (void)::signal(number, SIG_IGN);  // these can be ignored
}

void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 0;
  for (const int fd : kept) {
    if (fd < 0) continue;
    if (static_cast<unsigned>(fd) > from)
      (void)::close_range(from, static_cast<unsigned>(fd) - 1, 0);  // the range is valid
    from = static_cast<unsigned>(fd) + 1;
  }
  (void)::close_range(from, ~0U, 0);
}

}  // namespace

void live_apart(const char* name, std::vector<int> kept) {
  (void)::setsid();  // fails only for a leader of a process group, which a fresh child is not
  (void)::chdir("/");
  (void)::prctl(PR_SET_NAME, name);
  (void)::prctl(PR_SET_DUMPABLE, 0);
  ignore_signals();
  close_all_but(std::move(kept));
}

}  // namespace berth
