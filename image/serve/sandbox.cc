// SPDX-License-Identifier: Apache-2.0
// The table of allowed calls and the BPF made from it, and the steps that leave the launcher
// behind.
#include "image/serve/sandbox.h"

#include "base/sanitized.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

namespace berth::serve {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "add the AUDIT_ARCH_... of this architecture"
#endif

/// getpid is what libc's handler of its own signal 33 asks before it ignores strangers;
/// clock_gettime is a call only where the clock cannot be read without one (vdso(7)).
constexpr std::array<unsigned, 27> kServerCalls{
    SYS_read,           SYS_writev,        SYS_pread64,      SYS_futex,
    SYS_ppoll,          SYS_write,         SYS_recvmsg,      SYS_close,
    SYS_mmap,           SYS_munmap,        SYS_mprotect,     SYS_mremap,
    SYS_madvise,        SYS_brk,           SYS_clone,        SYS_rseq,
    SYS_sched_yield,    SYS_exit,          SYS_exit_group,   SYS_set_robust_list,
    SYS_rt_sigprocmask, SYS_rt_sigaction,  SYS_rt_sigreturn, SYS_restart_syscall,
    SYS_getpid,         SYS_clock_gettime, SYS_fadvise64};

constexpr std::array<unsigned, 29> kSanitizerCalls{
    SYS_openat,     SYS_readlinkat, SYS_sigaltstack, SYS_gettid,    SYS_prctl,
    SYS_newfstatat, SYS_fstat,      SYS_tgkill,      SYS_getrandom, SYS_sched_getaffinity,
    SYS_lseek,      SYS_ioctl,      SYS_mincore,     SYS_nanosleep, SYS_clock_nanosleep,
    SYS_getuid,     SYS_geteuid,    SYS_statx,       SYS_uname,     SYS_sysinfo,
    SYS_prlimit64,  SYS_getrusage,  SYS_getdents64,  SYS_faccessat, SYS_process_vm_readv,
    SYS_pipe2,      SYS_wait4,      SYS_membarrier,  SYS_getcwd};

constexpr std::uint32_t kThreadFlags = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
constexpr rlim_t kMostMemory = 256 << 20;
constexpr int kKeptMemory = 1 << 20;

constexpr std::uint32_t offset_of_argument(unsigned index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * 8UL);
}

sock_filter load(std::uint32_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

sock_filter answer(std::uint32_t what) {
  return BPF_STMT(BPF_RET | BPF_K, what);
}

/// Runs the next `count` instructions only where the loaded word is `value`.
sock_filter when(std::uint32_t value, std::uint8_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}

/// What is done about one call, from the first instruction to an answer.
std::vector<sock_filter> rule_for(unsigned call, std::uint32_t otherwise) {
  if (call == SYS_clone3)  // libc then takes clone(2), whose flags can be looked at
    return {when(call, 1), answer(SECCOMP_RET_ERRNO | ENOSYS), answer(otherwise)};
  if (call == SYS_mmap || call == SYS_mprotect)
    return {when(call, 3),
            load(offset_of_argument(2)),
            BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
            answer(SECCOMP_RET_ALLOW),
            answer(otherwise)};
  if (call == SYS_clone)
    return {when(call, 4),
            load(offset_of_argument(0)),
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kThreadFlags),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kThreadFlags, 0, 1),
            answer(SECCOMP_RET_ALLOW),
            answer(otherwise)};
  return {when(call, 1), answer(SECCOMP_RET_ALLOW), answer(otherwise)};
}

/// The rules for `calls`, which are in order, behind a search by halves: the kernel tries a new
/// filter with each of its calls, and most come to their answer after a few steps.
std::vector<sock_filter> search(std::span<const unsigned> calls, std::uint32_t otherwise) {
  if (calls.size() == 1) return rule_for(calls[0], otherwise);
  const std::size_t half = calls.size() / 2;
  const auto below = search(calls.first(half), otherwise);
  const auto rest = search(calls.subspan(half), otherwise);
  std::vector<sock_filter> program{
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, calls[half], static_cast<std::uint8_t>(below.size()), 0)};
  program.insert(program.end(), below.begin(), below.end());
  program.insert(program.end(), rest.begin(), rest.end());
  return program;
}

/// Every signal, also those that libc keeps for itself: a job's launcher may send any to everyone.
void block_signals() noexcept {
  const std::uint64_t all = ~std::uint64_t{0};
  (void)::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, sizeof all);
  // libc lets its signal 32 through again in every thread that it makes (pthread_cancel), and
  // sigaction(3) does not touch it. Room for the kernel's structure, of which zero is all we need
  // behind the first word.
  constexpr int kCancel = 32;
  const std::array<std::uintptr_t, 8> ignored{reinterpret_cast<std::uintptr_t>(SIG_IGN)};
  (void)::syscall(SYS_rt_sigaction, kCancel, ignored.data(), nullptr, sizeof all);
}

/// Keeps the descriptors under the numbers from 3 on; 0 to 2 stay closed, so that nothing that a
/// library wants to tell somebody reaches the image or the kernel. Sanitizers keep their stderr.
void keep_only(std::initializer_list<int*> kept) noexcept {
  constexpr int kFirst = 3;
  const int beyond = kFirst + static_cast<int>(kept.size());
  for (int* fd : kept) {
    if (*fd >= 0) *fd = ::fcntl(*fd, F_DUPFD_CLOEXEC, beyond);
  }
  int next = kFirst;
  for (int* fd : kept) {
    if (*fd >= 0) *fd = ::dup3(*fd, next++, O_CLOEXEC);
  }
  const auto close_from_to = [](unsigned first, unsigned last) {
    if (::syscall(SYS_close_range, first, last, 0) == 0) return;
    // Before Linux 5.9.
    rlimit limit{};
    const bool is_known = ::getrlimit(RLIMIT_NOFILE, &limit) == 0;
    const rlim_t end = std::min<rlim_t>(last, is_known ? limit.rlim_cur : 1024);
    for (rlim_t fd = first; fd <= end; ++fd)
      ::close(static_cast<int>(fd));
  };
  close_from_to(0, kSanitized ? 1 : 2);
  close_from_to(static_cast<unsigned>(next), ~0U);
}

}  // namespace

std::span<const unsigned> server_calls() noexcept {
  return kServerCalls;
}

std::vector<sock_filter> make_filter(std::span<const unsigned> calls, std::uint32_t otherwise) {
  std::vector<unsigned> sorted(calls.begin(), calls.end());
  sorted.push_back(SYS_clone3);
  std::sort(sorted.begin(), sorted.end());
  std::vector<sock_filter> program{load(offsetof(seccomp_data, arch)),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
                                   answer(SECCOMP_RET_KILL_PROCESS),
                                   load(offsetof(seccomp_data, nr))};
  const auto rules = search(sorted, otherwise);
  program.insert(program.end(), rules.begin(), rules.end());
  return program;
}

int apply_filter(std::span<const sock_filter> program) noexcept {
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0 ? 0 : errno;
}

void leave_the_launcher(int& image_fd, int& control, int& record, int& kept) noexcept {
  // None of these is worth refusing service for; lock_in() is what has to hold.
  block_signals();
  (void)::setsid();
  (void)::chdir("/");
  keep_only({&image_fd, &control, &record, &kept});
  (void)::prctl(PR_SET_NAME, "berth-serve");
  (void)::prctl(PR_SET_DUMPABLE, 0);
  const rlimit no_core{};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  const rlimit memory{kMostMemory, kMostMemory};
  if (!kSanitized) (void)::setrlimit(RLIMIT_AS, &memory);
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
  // A second arena would make malloc look for the number of CPUs in /sys, which is not allowed.
  (void)::mallopt(M_ARENA_MAX, 1);
  // Decompressors take and give back the same memory for each block: keep it.
  (void)::mallopt(M_TRIM_THRESHOLD, kKeptMemory);
  (void)::mallopt(M_MMAP_THRESHOLD, kKeptMemory / 2);
  // NOLINTEND(concurrency-mt-unsafe)
}

int lock_in() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  if (!kSanitized) return apply_filter(make_filter(kServerCalls, SECCOMP_RET_KILL_PROCESS));
  std::vector<unsigned> calls(kServerCalls.begin(), kServerCalls.end());
  calls.insert(calls.end(), kSanitizerCalls.begin(), kSanitizerCalls.end());
  return apply_filter(make_filter(calls, SECCOMP_RET_ERRNO | EPERM));
}

}  // namespace berth::serve
