// SPDX-License-Identifier: Apache-2.0
#include "image/serve/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace berth::serve {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

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

/// What a filter answers to call `number` (bpf(2), "classic"; only what ours are made of).
std::uint32_t answer_of(const std::vector<sock_filter>& program,
                        std::uint32_t number,
                        std::uint32_t argument) {
  std::uint32_t word = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    bool is_so = false;
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        word = step.k == offsetof(seccomp_data, arch) ? kArchitecture
               : step.k == offsetof(seccomp_data, nr) ? number
                                                      : argument;
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        word &= step.k;
        continue;
      case BPF_RET | BPF_K:
        return step.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        is_so = word == step.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        is_so = word >= step.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        is_so = (word & step.k) != 0;
        break;
      default:
        ADD_FAILURE() << "code " << step.code;
        return 0;
    }
    at += is_so ? step.jt : step.jf;
  }
  ADD_FAILURE() << "it ends without an answer";
  return 0;
}

TEST(Sandbox, AnswersEveryCallByItsList) {
  const auto calls = server_calls();
  const auto program = make_filter(calls, SECCOMP_RET_KILL_PROCESS);
  const std::uint32_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
  for (std::uint32_t number = 0; number < 1024; ++number) {
    const bool is_listed = std::count(calls.begin(), calls.end(), number) != 0;
    // As the flags of clone(2) it is a thread, as the protection of mmap(2) nothing that is run.
    const std::uint32_t argument = number == SYS_clone ? thread : PROT_READ;
    const std::uint32_t wanted = number == SYS_clone3 ? SECCOMP_RET_ERRNO | ENOSYS
                                 : is_listed          ? SECCOMP_RET_ALLOW
                                                      : SECCOMP_RET_KILL_PROCESS;
    EXPECT_EQ(answer_of(program, number, argument), wanted) << number;
  }
  for (const std::uint32_t number : std::array<std::uint32_t, 2>{SYS_mmap, SYS_mprotect})
    EXPECT_EQ(answer_of(program, number, PROT_READ | PROT_EXEC), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer_of(program, SYS_clone, CLONE_VM | CLONE_SIGHAND), SECCOMP_RET_KILL_PROCESS);
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
