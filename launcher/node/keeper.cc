// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/keeper.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/node/announce.h"
#include "launcher/node/keeper_loop.h"
#include "launcher/node/message.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace berth::node {

namespace {

constexpr const char* kGoal = "start the container's keeper";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

UniqueFd watch(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec by itself
}

Result<UniqueFd> config_file(const std::string& config) {
  UniqueFd fd(::memfd_create("berth-config", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.is_open()) return refused("memfd_create", kGoal, errno);
  if (const int number = write_fully(fd.get(), config.data(), config.size()); number != 0)
    return refused("write", kGoal, number);
  // Every rank gets this descriptor: none may change what the next one reads.
  const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return refused("fcntl", kGoal, errno);
  return fd;
}

/// Signals for the job's processes are not for the keeper, which outlives them on purpose.
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

/// The first rank's binding is not the keeper's: run wherever the step may.
void widen_affinity(pid_t launcher) {
  cpu_set_t cpus;
  if (::sched_getaffinity(launcher, sizeof cpus, &cpus) == 0)
    (void)::sched_setaffinity(0, sizeof cpus, &cpus);  // best effort: only speed is at stake
}

/// It has a descriptor for each rank; the soft limit is meant for programs that use select(2).
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // up to the hard limit anybody may
}

[[noreturn]] void be_keeper(KeeperLoop& loop, pid_t launcher) {
  (void)::setsid();  // fails only for a leader of a process group, which a fresh child is not
  (void)::chdir("/");
  (void)::prctl(PR_SET_NAME, "berth-keeper");
  (void)::prctl(PR_SET_DUMPABLE, 0);
  ignore_signals();
  close_all_but(loop.descriptors());
  allow_many_descriptors();
  widen_affinity(launcher);
  loop.run();
  ::_exit(0);
}

/// A keeper that is not our child: the one in between shares our memory, so that only one copy of
/// it is made, and lives for one fork. Sanitizers lose track of such a child. 0 or an errno.
int fork_keeper(KeeperLoop& loop, pid_t launcher, int helpers) {
  // NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork): we wait
  const pid_t between = kSanitized ? ::fork() : ::vfork();
  if (between < 0) return errno;
  if (between == 0) {
    const pid_t keeper = ::fork();
    if (keeper == 0) be_keeper(loop, launcher);
    if (keeper > 0) announce_helper(helpers, keeper);
    ::_exit(keeper < 0 ? errno : 0);
  }
  int status = 0;
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
}

}  // namespace

Result<UniqueFd> start_keeper(Door door, int helpers) {
  UniqueFd config;
  if (door.listener.is_open()) {
    auto file = config_file(door.config);
    if (!file) return std::move(file.error());
    config = std::move(*file);
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return refused("socketpair", kGoal, errno);
  UniqueFd ours(ends[0]);
  UniqueFd keepers(ends[1]);
  UniqueFd leader = watch(::getpid());
  // A leader that cannot be followed would never be seen to go.
  if (!leader.is_open()) return refused("pidfd_open", kGoal, errno);
  const pid_t launcher = ::getppid();
  KeeperLoop loop(std::move(door.listener), std::move(keepers), std::move(config), door.expected);
  loop.keep_open(door.kept);
  loop.follow_leader(std::move(leader));
  loop.follow_launcher(watch(launcher));
  if (const int number = fork_keeper(loop, launcher, helpers); number != 0)
    return refused("fork", kGoal, number);
  return ours;
}

}  // namespace berth::node
