// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/linux_process.h"

#include "base/pass_fd.h"
#include "launcher/enter/linux_calls.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace berth::enter {

namespace {

struct Kind {
  int flag;
  const char* link;
};

/// The user namespace first: it gives the capability to enter the others (setns(2)). Then the
/// pids', which a child enters: its parent is to hold as little of the container as can be.
constexpr Kind kKinds[] = {{CLONE_NEWUSER, "/proc/self/ns/user"},
                           {CLONE_NEWPID, "/proc/self/ns/pid"},
                           {CLONE_NEWUTS, "/proc/self/ns/uts"},
                           {CLONE_NEWIPC, "/proc/self/ns/ipc"},
                           {CLONE_NEWNET, "/proc/self/ns/net"},
                           {CLONE_NEWCGROUP, "/proc/self/ns/cgroup"},
                           {CLONE_NEWTIME, "/proc/self/ns/time"},
                           {CLONE_NEWNS, "/proc/self/ns/mnt"}};
static_assert(sizeof kKinds / sizeof kKinds[0] < kMostPassed, "one more for the configuration");

}  // namespace

Answer LinuxProcess::enter_namespaces(int flags) noexcept {
  if ((flags & CLONE_NEWPID) != 0) return become_first(flags);
  return {Call::unshare, ::unshare(flags) == 0 ? 0 : errno};
}

Answer LinuxProcess::share_container(int flags) noexcept {
  int doors[kMostPassed];  // closed by the exec
  unsigned count = 0;
  for (const Kind& kind : kKinds) {
    if ((flags & kind.flag) == 0) continue;
    doors[count] = ::open(kind.link, O_RDONLY | O_CLOEXEC);
    if (doors[count] < 0) return {Call::open, errno};
    ++count;
  }
  return {Call::sendmsg, send_message(keeper_, kDoorsWord, {doors, count})};
}

Answer LinuxProcess::join_container(int flags) noexcept {
  unsigned door = 0;
  for (const Kind& kind : kKinds) {
    if ((flags & kind.flag) == 0) continue;
    if (door == doors_.size()) return {Call::setns, EBADF};
    if (::setns(doors_[door++], kind.flag) != 0) return {Call::setns, errno};
    if (kind.flag != CLONE_NEWPID) continue;
    const Answer answer = follow_into_pids();
    if (answer.number != 0) return answer;
  }
  return {};
}

namespace {

/// Through none of the kernel's own links: what is open in this process is of the node in part, and
/// an image might name "/proc/self/fd/4".
Answer work_in(const char* path) noexcept {
  const int root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return {Call::open, errno};
  const int directory = open_in_root(root, path, O_PATH | O_DIRECTORY);
  Answer done{Call::openat2, directory < 0 ? errno : 0};
  if (directory >= 0) done = {Call::chdir, ::fchdir(directory) == 0 ? 0 : errno};
  ::close(directory);
  ::close(root);
  return done;
}

}  // namespace

Answer LinuxProcess::enter_directory(const EnterDirectory& wanted) noexcept {
  const Answer done = work_in(wanted.path.c_str());
  return done.number == ENOENT && wanted.or_root ? work_in("/") : done;
}

namespace {

bool has(Capabilities set, unsigned number) noexcept {
  return number < kCapabilityNames.size() && (set >> number & 1) != 0;
}

/// Until EINVAL, behind the last one there is.
int drop_bounding_set(Capabilities kept) noexcept {
  for (unsigned number = 0;; ++number) {
    const int done = has(kept, number) ? ::prctl(PR_CAPBSET_READ, number, 0, 0, 0)
                                       : ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
    if (done < 0) return errno == EINVAL ? 0 : errno;
  }
}

/// An exec by an ordinary user keeps what is ambient. What this kernel does not know is nothing.
int raise_ambient_set(Capabilities kept) noexcept {
  for (unsigned number = 0; number < kCapabilityNames.size(); ++number)
    if (has(kept, number) && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0 &&
        errno != EINVAL)
      return errno;
  return 0;
}

}  // namespace

Answer LinuxProcess::drop_privileges(Capabilities kept) noexcept {
  // From now on nothing else keeps the ranks that are inside already from looking into this one.
  // The exec sets it back (prctl(2)).
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return {Call::prctl, errno};
  // Equal in every rank, and empty unless asked for: one that has capabilities could not be read
  // by one that has none, and Open MPI's copies between ranks of a node need that
  // (process_vm_readv(2)).
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return {Call::prctl, errno};
  if (const int number = drop_bounding_set(kept); number != 0) return {Call::prctl, number};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return {Call::prctl, errno};
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<__u32>(kept);
  const auto high = static_cast<__u32>(kept >> 32);
  const __user_cap_data_struct sets[2] = {{low, low, low}, {high, high, high}};
  if (::syscall(SYS_capset, &header, sets) != 0) return {Call::capset, errno};
  if (const int number = raise_ambient_set(kept); number != 0) return {Call::prctl, number};
  const bool follows = !dies_with_parent_ || ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
  return {Call::prctl, follows ? 0 : errno};
}

Answer LinuxProcess::close_others(const int* keep, unsigned count) noexcept {
  // Close-on-exec rather than closed: an exec that is refused still wants to be explained.
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return {Call::close_range, errno};
  for (unsigned i = 0; i < count; ++i)
    if (::fcntl(keep[i], F_SETFD, 0) != 0) return {Call::fcntl, errno};
  return {};
}

Answer LinuxProcess::announce_program() noexcept {
  // The kernel adds which process says so (unix(7), SO_PASSCRED), as a number of the reader's.
  return {Call::sendmsg, send_message(monitor_, kProgramWord, {})};
}

Answer LinuxProcess::enter_group() noexcept {
  for (const int group : groups_)
    if (::write(group, "0", 1) != 1) return {Call::write, errno};
  return {Call::write, 0};
}

Answer LinuxProcess::run_hooks(RunHooks::Time time) noexcept {
  // The kernel adds who says so here, too.
  const int sent = send_message(hooks_, static_cast<char>(time), {});
  if (sent != 0) return {Call::sendmsg, sent};
  char answer = 0;
  ssize_t heard = 0;
  do
    heard = ::read(hooks_, &answer, 1);
  while (heard < 0 && errno == EINTR);
  if (heard < 0) return {Call::recv, errno};
  return {Call::recv, heard == 1 && answer == kHooksWell ? 0 : ECANCELED};
}

Answer LinuxProcess::pin_to_cpus(const Numbers& cpus) noexcept {
  const auto& words = cpus.words();
  const long done =
      ::syscall(SYS_sched_setaffinity, 0, words.size() * sizeof(unsigned long), words.data());
  return {Call::sched_setaffinity, done == 0 ? 0 : errno};
}

Answer LinuxProcess::bind_memory(const BindMemory& wanted) noexcept {
  const auto& words = wanted.nodes.words();
  // The kernel takes one bit less than it is told (set_mempolicy(2), BUGS).
  const unsigned long bits = words.size() * 8 * sizeof(unsigned long) + 1;
  const int mode = wanted.in_turn ? MPOL_INTERLEAVE : MPOL_BIND;
  const long done = ::syscall(SYS_set_mempolicy, mode, words.data(), bits);
  return {Call::set_mempolicy, done == 0 ? 0 : errno};
}

Answer LinuxProcess::set_limit(const Limit& limit) noexcept {
  const rlimit bounds{limit.soft, limit.hard};
  const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
  return {Call::setrlimit, ::setrlimit(resource, &bounds) == 0 ? 0 : errno};
}

Answer LinuxProcess::set_umask(unsigned mask) noexcept {
  (void)::umask(static_cast<mode_t>(mask));  // the mask there was; nothing can go wrong
  return {Call::umask, 0};
}

Answer LinuxProcess::filter_calls(const sock_filter* filter, unsigned short count) noexcept {
  // The kernel reads it only.
  const sock_fprog program{count, const_cast<sock_filter*>(filter)};
  // Before Linux 5.16 a filter made every branch of the program slow, against other processes
  // that would read its memory; nothing in the container has more rights than the program.
  const int done = static_cast<int>(
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program));
  return {Call::seccomp, done == 0 ? 0 : errno};
}

Answer LinuxProcess::execute(const char* const* candidates,
                             char* const* arguments,
                             char* const* environment) noexcept {
  int worst = ENOENT;
  for (; *candidates != nullptr; ++candidates) {
    ::execve(*candidates, arguments, environment);
    // As execvp(3): a directory of PATH without the program is no answer, one that has it but may
    // not run it is remembered, anything else is final.
    if (errno == EACCES)
      worst = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR)
      return {Call::execve, errno};
  }
  return {Call::execve, worst};
}

}  // namespace berth::enter
