// SPDX-License-Identifier: Apache-2.0
#include "base/map_ahead.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

// The linker's, see end(3) and `ld --verbose`.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): its names
extern "C" const char __executable_start, etext;

namespace berth {

void map_code_ahead() noexcept {
#if defined(MADV_POPULATE_READ)
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start);
  const auto size = reinterpret_cast<std::uintptr_t>(&etext) - begin;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address, rounded
  (void)::madvise(reinterpret_cast<void*>(begin / page * page), size, MADV_POPULATE_READ);
#endif
}

}  // namespace berth
