// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/network.h"

#include "base/fd.h"
#include "base/text.h"
#include "launcher/model/network.h"
#include "launcher/node/host_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace berth::node {

namespace {

constexpr int kPatience = 10'000;  // milliseconds
constexpr int kReady = 3;  ///< slirp4netns talks on its standard output: it gets another one

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
            "--enable-seccomp",
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
  const std::string name = place_of(process);
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
  if (child_ == 0) {
    const bool is_third = is_slirp(program_);
    become_host_program(
        pointers.data(), is_third ? -1 : ready.get(), is_third ? ready.get() : -1, keeper);
  }
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
