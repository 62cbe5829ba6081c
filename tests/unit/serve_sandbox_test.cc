// SPDX-License-Identifier: Apache-2.0
#include "image/serve/sandbox.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <functional>

#include <gtest/gtest.h>

namespace berth::serve {
namespace {

/// How a child ends that runs `act` behind the filter of a build without sanitizers.
int status_behind_filter(const std::function<long()>& act) {
  const auto program = make_filter(server_calls(), SECCOMP_RET_KILL_PROCESS);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (apply_filter(program) != 0) ::_exit(99);
    const long result = act();
    ::syscall(SYS_exit_group, result < 0 ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool is_killed(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

bool is_fine(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

long map_memory(int protection) {
  return ::syscall(SYS_mmap, nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST(Sandbox, AllowsFewCallsAndNoneThatReachesOut) {
  const auto calls = server_calls();
  EXPECT_LE(calls.size(), 27U);
  for (const unsigned call : std::array<unsigned, 12>{SYS_openat,
                                                      SYS_execve,
                                                      SYS_execveat,
                                                      SYS_socket,
                                                      SYS_connect,
                                                      SYS_sendmsg,
                                                      SYS_ptrace,
                                                      SYS_kill,
                                                      SYS_mount,
                                                      SYS_unshare,
                                                      SYS_ioctl,
                                                      SYS_clone3}) {
    EXPECT_EQ(std::count(calls.begin(), calls.end(), call), 0) << call;
  }
}

TEST(Sandbox, LetsServingWork) {
  EXPECT_TRUE(is_fine(status_behind_filter([] { return map_memory(PROT_READ | PROT_WRITE); })));
  EXPECT_TRUE(is_fine(status_behind_filter([] { return ::syscall(SYS_close, 0); })));
}

TEST(Sandbox, KillsWhatIsNotServing) {
  EXPECT_TRUE(is_killed(status_behind_filter([] { return ::syscall(SYS_getuid); })));
  EXPECT_TRUE(is_killed(
      status_behind_filter([] { return ::syscall(SYS_openat, AT_FDCWD, "/etc/passwd", 0); })));
  EXPECT_TRUE(is_killed(status_behind_filter([] { return map_memory(PROT_READ | PROT_EXEC); })));
  EXPECT_TRUE(is_killed(status_behind_filter([] { return ::syscall(SYS_clone, SIGCHLD, 0); })));
#if defined(__x86_64__)
  // The same numbers with the bit of the x32 interface.
  EXPECT_TRUE(is_killed(status_behind_filter([] { return ::syscall(SYS_close | 0x40000000, 0); })));
#endif
}

TEST(Sandbox, SaysThatClone3DoesNotExist) {
  EXPECT_TRUE(is_fine(status_behind_filter(
      []() -> long { return ::syscall(SYS_clone3, nullptr, 0) < 0 && errno == ENOSYS ? 0 : -1; })));
}

}  // namespace
}  // namespace berth::serve
