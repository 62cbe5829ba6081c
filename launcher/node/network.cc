// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/network.h"

#include "base/fd.h"
#include "base/text.h"
#include "launcher/model/network.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

namespace berth::node {

namespace {

constexpr int kPatience = 10'000;  // milliseconds
/// Where a keeper, which may have no descriptor below 3, has room for what its child will rename.
constexpr int kHigh = 10;
constexpr int kReady = 3;  ///< slirp4netns talks on its standard output: it gets another one

/// "/proc/PID", as the node sees it; empty where that cannot be told.
std::string name_of(int process) {
  std::array<char, PATH_MAX> name{};
  const std::string link = "/proc/self/fd/" + std::to_string(process);
  const ssize_t length = ::readlink(link.c_str(), name.data(), name.size());
  return length > 0 ? std::string(name.data(), static_cast<std::size_t>(length)) : "";
}

/// Outbound only: no port of either side is passed on to the other, and no address leads to the
/// node's loopback device.
std::vector<std::string> words_for(const std::string& program, const std::string& process) {
  const std::string user = process + "/ns/user";
  const std::string net = process + "/ns/net";
  if (is_slirp(program))
    return {program,
            "--configure",
            "--mtu=65520",
            "--disable-host-loopback",
            "--ready-fd=" + std::to_string(kReady),
            "--userns-path=" + user,
            "--netns-type=path",
            net,
            "tap0"};
  return {program,
          "--foreground",
          "--quiet",
          "--config-net",
          "--no-map-gw",
          "-t",
          "none",
          "-u",
          "none",
          "-T",
          "none",
          "-U",
          "none",
          "--dns-forward",
          kPastaResolver,
          "--pid",
          "/dev/stdout",
          "--userns",
          user,
          "--netns",
          net};
}

/// After fork(2). It dies with the keeper, and says on `ready` that it has begun.
[[noreturn]] void become(char* const* words, int ready, bool is_slirp_program, pid_t keeper) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != keeper) ::_exit(1);
  // What a keeper ignores is not for others to inherit; pasta does not start with it.
  for (int number = 1; number < NSIG; ++number)
    (void)::signal(number, SIG_DFL);  // two cannot be changed
  const int opened = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int nothing = ::fcntl(opened, F_DUPFD_CLOEXEC, kHigh);
  (void)::close_range(kReady, ~0U, CLOSE_RANGE_CLOEXEC);  // the range is valid
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(nothing, 2) < 0 ||
      ::dup2(is_slirp_program ? nothing : ready, 1) < 0 ||
      (is_slirp_program && ::dup2(ready, kReady) < 0))
    ::_exit(1);
  char path[] = "PATH=/usr/bin:/bin";
  char* const variables[] = {path, nullptr};
  ::execve(words[0], words, variables);
  ::_exit(1);
}

/// Whether something comes before the other end is closed or patience ends.
bool hears_from(int pipe) {
  pollfd source{pipe, POLLIN, 0};
  int polled = 0;
  do
    polled = ::poll(&source, 1, kPatience);
  while (polled < 0 && errno == EINTR);
  char byte = 0;
  return polled == 1 && ::read(pipe, &byte, 1) == 1;
}

}  // namespace

bool Network::connect(int process) {
  const std::string name = name_of(process);
  int ends[2];
  if (program_.empty() || name.empty() || child_ >= 0 || ::pipe2(ends, O_CLOEXEC) != 0)
    return false;
  const UniqueFd heard(ends[0]);
  UniqueFd low(ends[1]);
  UniqueFd ready(::fcntl(low.get(), F_DUPFD_CLOEXEC, kHigh));
  low.reset();
  std::vector<std::string> words = words_for(program_, name);
  const std::vector<char*> pointers = pointers_to(words);
  const pid_t keeper = ::getpid();
  child_ = ::fork();
  if (child_ == 0) become(pointers.data(), ready.get(), is_slirp(program_), keeper);
  ready.reset();
  if (child_ > 0 && hears_from(heard.get())) return true;
  disconnect();
  return false;
}

void Network::disconnect() {
  if (child_ <= 0) return;
  (void)::kill(child_, SIGKILL);  // ours, and not waited for yet
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

}  // namespace berth::node
