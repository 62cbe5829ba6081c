// SPDX-License-Identifier: Apache-2.0
// What new namespaces are furnished with. Async-signal-safe: system calls only.
#include "base/pass_fd.h"
#include "launcher/enter/linux_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <net/if.h>
#include <netinet/in.h>

namespace berth::enter {

Answer LinuxProcess::set_host_name(const char* name) noexcept {
  return {Call::sethostname, ::sethostname(name, ::strlen(name)) == 0 ? 0 : errno};
}

Answer LinuxProcess::raise_loopback() noexcept {
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return {Call::socket, errno};
  ifreq wanted{};
  ::memcpy(wanted.ifr_name, "lo", sizeof "lo");
  wanted.ifr_flags = IFF_UP;
  const int number = ::ioctl(any, SIOCSIFFLAGS, &wanted) == 0 ? 0 : errno;
  ::close(any);
  return {Call::ioctl, number};
}

Answer LinuxProcess::map_ids() noexcept {
  return ask_keeper(kIdsWord, EPERM);
}

Answer LinuxProcess::connect_network() noexcept {
  return ask_keeper(kNetworkWord, ENETUNREACH);
}

/// Has done from outside what `word` means, for this process. `otherwise`: where it is not done.
Answer LinuxProcess::ask_keeper(char word, int otherwise) noexcept {
  const int self = ::open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (self < 0) return {Call::open, errno};
  const int sent = send_message(keeper_, word, {&self, 1});
  ::close(self);
  if (sent != 0) return {Call::sendmsg, sent};
  char answer = 0;
  ssize_t heard = 0;
  do
    heard = ::read(keeper_, &answer, 1);
  while (heard < 0 && errno == EINTR);
  if (heard < 0) return {Call::recv, errno};
  return {Call::recv, heard == 1 && answer == word ? 0 : otherwise};
}

Answer LinuxProcess::shift_clocks(const char* offsets) noexcept {
  const int file = ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  if (file < 0) return {Call::open, errno};
  // All in one write, or the kernel refuses it.
  const int written = ::write(file, offsets, ::strlen(offsets)) >= 0 ? 0 : errno;
  ::close(file);
  if (written != 0) return {Call::write, written};
  const int clocks = ::open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
  if (clocks < 0) return {Call::open, errno};
  // Older kernels than Linux 6.1 would leave the program outside of it (time_namespaces(7)).
  const int entered = ::setns(clocks, CLONE_NEWTIME) == 0 ? 0 : errno;
  ::close(clocks);
  return {Call::setns, entered};
}

}  // namespace berth::enter
