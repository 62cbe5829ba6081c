// SPDX-License-Identifier: Apache-2.0
// System calls that glibc 2.36 has no function for (0 or more, or -1 with errno), and text without
// allocation.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace berth::enter {

/// openat2(2) with `root` as the root of every step. While anything is renamed or mounted anywhere
/// on the node the kernel may be unable to tell that a ".." stays below it, and says EAGAIN: that
/// is tried again, though not for ever.
inline int open_in_root(int root, const char* path, std::uint64_t flags) noexcept {
  constexpr int kMostTries = 10'000;
  const open_how how{
      .flags = flags | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  long fd = -1;
  for (int i = 0; i < kMostTries; ++i) {
    fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return static_cast<int>(fd);
}

/// Whether a file may get as large as that. More than this process may write into one ends in a
/// signal (getrlimit(2), RLIMIT_FSIZE).
inline bool may_be_written(std::uint64_t bytes) noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && bytes <= limit.rlim_cur;
}

/// Appends to a buffer that the caller made large enough.
inline char* put_text(char* at, const char* text) noexcept {
  while (*text != '\0')
    *at++ = *text++;
  *at = '\0';
  return at;
}

inline char* put_number(char* at, std::uint64_t number) noexcept {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count > 0)
    *at++ = digits[--count];
  *at = '\0';
  return at;
}

/// Whether somebody reads the other end of a pipe.
inline bool is_read(int pipe) noexcept {
  pollfd end{pipe, 0, 0};
  return ::poll(&end, 1, 0) == 0;
}

inline int change_root_to_here() noexcept {
  return static_cast<int>(::syscall(SYS_pivot_root, ".", "."));
}

}  // namespace berth::enter
