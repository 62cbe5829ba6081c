// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/linux_process.h"

#include "base/pass_fd.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace berth::enter {

Answer LinuxProcess::enter_namespaces(int flags) noexcept {
  return {Call::unshare, ::unshare(flags) == 0 ? 0 : errno};
}

Answer LinuxProcess::share_container() noexcept {
  const int user = ::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
  if (user < 0) return {Call::open, errno};
  const int mount = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  if (mount < 0) return {Call::open, errno};
  const int doors[] = {user, mount};  // closed by the exec
  return {Call::sendmsg, send_message(keeper_, kDoorsWord, doors)};
}

Answer LinuxProcess::join_container() noexcept {
  // The user namespace first: it gives the capability to enter the other (setns(2)).
  if (::setns(doors_.user, CLONE_NEWUSER) != 0) return {Call::setns, errno};
  return {Call::setns, ::setns(doors_.mount, CLONE_NEWNS) == 0 ? 0 : errno};
}

Answer LinuxProcess::enter_directory(const char* path) noexcept {
  return {Call::chdir, ::chdir(path) == 0 ? 0 : errno};
}

Answer LinuxProcess::drop_privileges() noexcept {
  // Equal and empty in every rank: one that has capabilities could not be read by one that has
  // none, and Open MPI's copies between ranks of a node need that (process_vm_readv(2)).
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return {Call::prctl, errno};
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0;)
    ++capability;
  if (errno != EINVAL) return {Call::prctl, errno};  // EINVAL: behind the last one there is
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return {Call::prctl, errno};
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return {Call::capset, ::syscall(SYS_capset, &header, none) == 0 ? 0 : errno};
}

Answer LinuxProcess::close_others(const int* keep, unsigned count) noexcept {
  // Close-on-exec rather than closed: an exec that is refused still wants to be explained.
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return {Call::close_range, errno};
  for (unsigned i = 0; i < count; ++i)
    if (::fcntl(keep[i], F_SETFD, 0) != 0) return {Call::fcntl, errno};
  return {};
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
