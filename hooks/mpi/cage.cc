// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/cage.h"

#include "base/fd.h"
#include "base/sanitized.h"
#include "image/serve/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace berth::hooks {

namespace {

constexpr rlim_t kMostMemory = 512U << 20U;
constexpr rlim_t kMostSeconds = 20;

/// clock_gettime is a call only where the clock cannot be read without one (vdso(7)).
constexpr std::array<unsigned, 16> kCalls{SYS_read,
                                          SYS_write,
                                          SYS_pread64,
                                          SYS_close,
                                          SYS_brk,
                                          SYS_mmap,
                                          SYS_munmap,
                                          SYS_mremap,
                                          SYS_madvise,
                                          SYS_futex,
                                          SYS_getrandom,
                                          SYS_clock_gettime,
                                          SYS_sendto,
                                          SYS_exit,
                                          SYS_fadvise64,
                                          SYS_exit_group};

/// And what directories are read with.
constexpr std::array<unsigned, 7> kDirectoryCalls{SYS_openat2,
                                                  SYS_newfstatat,
                                                  SYS_fstat,
                                                  SYS_readlinkat,
                                                  SYS_getdents64,
                                                  SYS_fgetxattr,
                                                  SYS_fcntl};

Error cannot(const char* call, int number) {
  return refused(call, "look into the image in a process that can do nothing else", number);
}

int close_others(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = 0;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next && ::close_range(next, number - 1, 0) != 0) return errno;
    next = number + 1;
  }
  return ::close_range(next, ~0U, 0) == 0 ? 0 : errno;
}

/// Where the kernel has none, the calls above open what the user may read: nothing that this
/// process says of it goes anywhere but to the container of the same user.
void see_only(const std::vector<int>& directories) {
  constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  landlock_ruleset_attr all{};
  all.handled_access_fs = kRead | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE;
  const UniqueFd rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
  if (!rules.is_open()) return;
  for (const int directory : directories) {
    const landlock_path_beneath_attr below{kRead, directory};
    if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &below, 0) != 0)
      return;
  }
  (void)::syscall(SYS_landlock_restrict_self, rules.get(), 0);  // or as without
}

}  // namespace

Status lock_in(std::vector<int> kept, const std::vector<int>& directories) {
  (void)::prctl(PR_SET_NAME, "berth-hooks-mpi");
  (void)::prctl(PR_SET_DUMPABLE, 0);
  for (const auto& [resource, most] : {std::pair(RLIMIT_AS, kMostMemory),
                                       std::pair(RLIMIT_CPU, kMostSeconds),
                                       std::pair(RLIMIT_CORE, rlim_t{0})}) {
    const rlimit bounds{most, most};
    if (!kSanitized && ::setrlimit(resource, &bounds) != 0) return cannot("setrlimit", errno);
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread; another arena would look for CPUs in /sys
  (void)::mallopt(M_ARENA_MAX, 1);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return cannot("prctl", errno);
  if (kSanitized) return Done{};  // they make calls of their own
  if (!directories.empty()) see_only(directories);
  if (const int number = close_others(std::move(kept)); number != 0)
    return cannot("close_range", number);
  std::vector<unsigned> calls(kCalls.begin(), kCalls.end());
  if (!directories.empty())
    calls.insert(calls.end(), kDirectoryCalls.begin(), kDirectoryCalls.end());
  const int number = serve::apply_filter(serve::make_filter(calls, SECCOMP_RET_KILL_PROCESS));
  return number == 0 ? Status(Done{}) : cannot("seccomp", number);
}

}  // namespace berth::hooks
