// SPDX-License-Identifier: Apache-2.0
// Any text as a profile of system calls: what comes of it is a program that the kernel would take,
// and that has an answer to every call.
#include "launcher/seccomp/filter.h"
#include "tests/fuzz/require.h"
#include "tests/unit/seccomp_judge.h"

#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  using berth::tests::call;
  const std::string text(data, data + size);
  const auto filter = berth::seccomp::compile_profile(text, "profile");
  if (!filter) {
    require(!filter.error().goal.empty());
    return 0;
  }
  require(!filter->empty() && filter->size() <= BPF_MAXINSNS);
  constexpr int kAbove = 600;
  for (const unsigned architecture : {AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, 0U + AUDIT_ARCH_I386})
    for (int number = -1; number < kAbove; number += 7)
      for (const std::uint64_t argument : {0ULL, 16ULL, ~0ULL})
        // Throws at an instruction, a place or an end that the kernel refuses.
        (void)berth::tests::verdict(*filter,
                                    call(number, {argument, argument, argument}, architecture));
  return 0;
}
