// SPDX-License-Identifier: Apache-2.0
#include "base/orphans.h"

#include "base/sanitized.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace berth {
namespace {

[[noreturn]] void go_between(std::span<Orphan* const> orphans) noexcept {
  for (Orphan* orphan : orphans) {
    const pid_t pid = ::fork();
    if (pid == 0) orphan->live();
    if (pid < 0) ::_exit(errno);
    orphan->note(pid);
  }
  ::_exit(0);
}

}  // namespace

int start_orphans(std::span<Orphan* const> orphans) noexcept {
  // The process in between shares our memory, so that no copy is made for it, and lives for a few
  // forks.
  // NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork): as said
  const pid_t between = kSanitized ? ::fork() : ::vfork();
  if (between == 0) go_between(orphans);
  if (between < 0) return errno;
  int status = 0;
  while (::waitpid(between, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

}  // namespace berth
