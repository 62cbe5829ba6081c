// SPDX-License-Identifier: Apache-2.0
// Any text as an import's SOURCE, platform and name in the store.
#include "base/text.h"
#include "image/source/manifest.h"
#include "image/source/reference.h"
#include "image/store/store.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  const std::string text(data, data + size);
  const auto platform = berth::source::parse_platform(text);
  if (platform) require(to_text(*platform).find_first_of("\"\\\n") == std::string::npos);
  const auto reference = berth::source::parse_reference(text);
  if (!reference) {
    require(berth::to_text(reference.error()).find('\x1b') == std::string::npos);
    return 0;
  }
  require(!reference->path.empty());
  const std::string name = berth::store::name_for(berth::source::name_of(*reference));
  const auto path = berth::store::path_for(name, {"", "", "/store"});
  require(name.empty() || (path && path->rfind('/') == 6 && !path->starts_with("/store/.")));
  return 0;
}
