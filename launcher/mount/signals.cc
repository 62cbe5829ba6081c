// SPDX-License-Identifier: Apache-2.0
#include "launcher/mount/signals.h"

#include "base/fd.h"

#include <poll.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>

namespace berth::mount {

HeldSignals::HeldSignals() noexcept {
  (void)::sigemptyset(&held_);  // these cannot fail
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};

    // A signal that is ignored waits all the same once it is held, and would then seem to be meant.
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
      (void)::sigaddset(&held_, number);
  }
  (void)::pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

HeldSignals::~HeldSignals() {
  (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int HeldSignals::take() const noexcept {
  constexpr timespec kNow{};
  const int number = ::sigtimedwait(&held_, nullptr, &kNow);
  return number > 0 ? number : 0;
}

int HeldSignals::wait(int fd) const noexcept {
  const UniqueFd signals(::signalfd(-1, &held_, SFD_CLOEXEC));
  std::array<pollfd, 2> sources{{{fd, POLLIN, 0}, {signals.get(), POLLIN, 0}}};
  while (::poll(sources.data(), sources.size(), -1) < 0 && errno == EINTR) {
  }
  return take();
}

}  // namespace berth::mount
