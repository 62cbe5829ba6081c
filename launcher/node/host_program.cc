// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/host_program.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <climits>

namespace berth::node {

std::string place_of(int process) {
  std::array<char, PATH_MAX> name{};
  const std::string link = "/proc/self/fd/" + std::to_string(process);
  const ssize_t length = ::readlink(link.c_str(), name.data(), name.size());
  return length > 0 ? std::string(name.data(), static_cast<std::size_t>(length)) : "";
}

void become_host_program(char* const* words, int output, int third, pid_t keeper) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != keeper) ::_exit(1);
  // What a keeper ignores is not for others to inherit; pasta does not start with it.
  for (int number = 1; number < NSIG; ++number)
    (void)::signal(number, SIG_DFL);  // two cannot be changed
  const int opened = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int nothing = ::fcntl(opened, F_DUPFD_CLOEXEC, kHigh);
  (void)::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // the range is valid
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(nothing, 2) < 0 ||
      ::dup2(output < 0 ? nothing : output, 1) < 0 || (third >= 0 && ::dup2(third, 3) < 0))
    ::_exit(1);
  char path[] = "PATH=/usr/bin:/bin";
  char* const variables[] = {path, nullptr};
  ::execve(words[0], words, variables);
  ::_exit(1);
}

}  // namespace berth::node
