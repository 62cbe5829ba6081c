// SPDX-License-Identifier: Apache-2.0
// Prints the default filter as the initializers of an array. A step of the build.
#include "launcher/seccomp/default_profile.h"

#include <cstdio>

int main() {
  const auto filter = berth::seccomp::compile_default();
  if (!filter) {
    (void)std::fprintf(stderr, "%s\n", berth::to_text(filter.error()).c_str());
    return 1;
  }
  for (const sock_filter& one : *filter)
    (void)std::printf("{%#x, %u, %u, %#x},\n", one.code, one.jt, one.jf, one.k);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
