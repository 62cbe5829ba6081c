// SPDX-License-Identifier: Apache-2.0
// Becoming another user of the container's. Async-signal-safe: system calls only.
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_process.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include <cerrno>

namespace berth::enter {

namespace {

/// What is permitted comes into force again, which it went out of with the number.
int restore_capabilities() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return errno;
  for (__user_cap_data_struct& set : sets)
    set.effective = set.permitted;
  return ::syscall(SYS_capset, &header, sets) == 0 ? 0 : errno;
}

}  // namespace

Answer LinuxProcess::become_user(const Ids& ids) noexcept {
  int on_death = 0;
  (void)::prctl(PR_GET_PDEATHSIG, &on_death);  // the address is valid
  // Without it the way from 0 to another number takes all away, and with it what comes later; an
  // exec ends it.
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return {Call::prctl, errno};
  // The calls themselves: the C library's functions look for other threads.
  if (::syscall(SYS_setresgid, ids.gid, ids.gid, ids.gid) != 0) return {Call::setresgid, errno};
  if (::syscall(SYS_setresuid, ids.uid, ids.uid, ids.uid) != 0) return {Call::setresuid, errno};
  if (const int number = restore_capabilities(); number != 0) return {Call::capset, number};
  // Another number takes that away as well (prctl(2)).
  if (::prctl(PR_SET_PDEATHSIG, on_death) != 0) return {Call::prctl, errno};
  if (tell_ >= 0 && !is_read(tell_)) ::_exit(1);  // our parent died meanwhile
  return {};
}

}  // namespace berth::enter
