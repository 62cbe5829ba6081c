// SPDX-License-Identifier: Apache-2.0
#include "launcher/init/time_limit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace berth::init {

namespace {

constexpr std::int64_t kThousand = 1000;

std::int64_t now() noexcept {
  timespec time{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &time);  // every kernel has it
  return time.tv_sec * kThousand + time.tv_nsec / (kThousand * kThousand);
}

/// Whatever /proc may be inside, only a child of ours is meant.
void signal_child(pid_t pid, int number) noexcept {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0)
    (void)::kill(pid, number);  // it may just have ended
}

}  // namespace

void Alarm::set(std::uint64_t seconds) noexcept {
  constexpr std::uint64_t kMost = INT64_MAX / 2 / kThousand;  // no clock gets there
  due_ = now() + static_cast<std::int64_t>(seconds < kMost ? seconds : kMost) * kThousand;
  is_set_ = true;
}

bool Alarm::is_due() const noexcept {
  return is_set_ && now() >= due_;
}

int Alarm::milliseconds_left() const noexcept {
  if (!is_set_) return -1;
  const std::int64_t left = due_ - now();
  if (left <= 0) return 0;
  return left < INT_MAX ? static_cast<int>(left) : INT_MAX;
}

bool has_children() noexcept {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void signal_children(int number) noexcept {
  // proc_pid_children(5): numbers, each with a space behind it.
  const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (list < 0) return;
  char text[4096];
  pid_t pid = 0;
  for (ssize_t size = 0; (size = ::read(list, text, sizeof text)) > 0;) {
    for (ssize_t i = 0; i < size; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid < INT_MAX / 20 ? pid * 10 + (text[i] - '0') : 0;
      } else {
        if (pid > 1) signal_child(pid, number);
        pid = 0;
      }
    }
  }
  ::close(list);
}

void say(int to, const char* text) noexcept {
  pollfd room{to, POLLOUT, 0};
  if (to >= 0 && ::poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0)
    (void)!::write(to, text, ::strlen(text));  // nobody is left to be told
}

}  // namespace berth::init
