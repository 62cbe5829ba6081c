// SPDX-License-Identifier: Apache-2.0
// Any bytes as a settings file.
#include "image/settings/document.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

std::size_t count(const berth::settings::Element& node) {
  std::size_t nodes = 1 + node.keys.size();
  for (const auto& item : node.items)
    nodes += count(item);
  return nodes;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  const auto root = berth::settings::parse_document(std::string(data, data + size), "file");
  if (!root) return 0;
  require(count(*root) <= berth::settings::kMostNodes + 1);
  return 0;
}
