// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image: opened, walked and read as the server would. Seeds come from
// tests/fuzz/squashfs_seeds.sh.
#include "tests/component/serve_walk.h"

#include <cstddef>
#include <cstdint>
#include <span>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)berth::serve::walk_image(std::as_bytes(std::span(data, size)));
  return 0;
}
