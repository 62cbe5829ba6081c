// SPDX-License-Identifier: Apache-2.0
// Any text as a specification of devices: what is taken has names that can be asked for and
// absolute places, and its edits are the same behind berth-hooks' pipe.
#include "hooks/cdi/spec.h"
#include "hooks/edits_text.h"
#include "hooks/name.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  const std::string text(data, data + size);
  const auto spec = berth::hooks::parse_spec(text, "spec");
  if (!spec) {
    require(!spec.error().goal.empty());
    return 0;
  }
  require(!spec->devices.empty());
  for (const berth::hooks::Device& device : spec->devices) {
    require(bool(berth::hooks::parse_device_name(spec->kind + "=" + device.name)));
    for (const auto& node : device.edits.devices)
      require(node.path.front() == '/' && node.from.front() == '/');
    for (const auto& mount : device.edits.mounts)
      require(mount.to.front() == '/' && (!mount.type.empty() || mount.from.front() == '/'));
    const auto again =
        berth::hooks::parse_answer(berth::hooks::to_text(berth::hooks::Answer{{device.edits}, {}}));
    require(again && again->edits.size() == 1);
  }
  return 0;
}
