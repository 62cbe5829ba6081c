// SPDX-License-Identifier: Apache-2.0
// System calls that glibc 2.36 has no function for (0 or more, or -1 with errno), and text without
// allocation.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace berth::enter {

inline int open_in_root(int root, const char* path, std::uint64_t flags) noexcept {
  const open_how how{
      .flags = flags | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

/// Appends to a buffer that the caller made large enough.
inline char* put_text(char* at, const char* text) noexcept {
  while (*text != '\0')
    *at++ = *text++;
  *at = '\0';
  return at;
}

inline int change_root_to_here() noexcept {
  return static_cast<int>(::syscall(SYS_pivot_root, ".", "."));
}

}  // namespace berth::enter
