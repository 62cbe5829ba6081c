// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image's /etc/ld.so.cache: what is read of it can be written and read again.
#include "hooks/ldcache/cache_file.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  const auto file = berth::hooks::parse_cache({reinterpret_cast<const char*>(data), size});
  if (!file) return 0;
  const auto again = berth::hooks::parse_cache(berth::hooks::make_cache(*file));
  require(again && again->entries.size() == file->entries.size());
  require(again->capabilities == file->capabilities);
  return 0;
}
