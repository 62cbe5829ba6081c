// SPDX-License-Identifier: Apache-2.0
// Any text as a machine, which a rank gets from another one: what is accepted says the same again,
// and dividing it gives nobody a CPU that is not allowed.
#include "launcher/pin/machine_text.h"

#include "launcher/pin/divide.h"
#include "launcher/pin/near.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using berth::fuzz::require;

void divide(const berth::Machine& machine) {
  for (const berth::Pin pin :
       {berth::Pin::core, berth::Pin::l3, berth::Pin::numa, berth::Pin::socket})
    for (const unsigned ranks : {1U, 3U, 64U}) {
      const auto map =
          berth::pin::divide(machine,
                             machine.allowed,
                             ranks,
                             pin,
                             ranks == 3 ? berth::PinMap::spread : berth::PinMap::packed);
      if (!map) continue;
      require(map->size() == ranks);
      for (const berth::Numbers& cpus : *map) {
        require(machine.allowed.contains(cpus));
        (void)berth::pin::memory_near(machine, cpus);
      }
    }
}

void seat(const berth::Machine& machine) {
  for (const berth::Near near : {berth::Near::gpu, berth::Near::nic})
    for (const berth::Pin pin : {berth::Pin::automatic, berth::Pin::core}) {
      const auto seats = berth::pin::choose_seats(machine, {.near = near, .ranks = 5});
      if (!seats) continue;
      require(seats->devices.size() == 5);
      const auto sets =
          berth::pin::divide_near(machine, machine.allowed, *seats, pin, berth::PinMap::packed);
      if (!sets) continue;
      for (const berth::Numbers& cpus : *sets)
        require(!cpus.is_empty() && machine.allowed.contains(cpus));
    }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kSlowOnly = 4096;
  const auto machine =
      berth::pin::parse_machine({reinterpret_cast<const char*>(data), size});  // NOLINT: bytes
  if (!machine) {
    require(!machine.error().goal.empty());
    return 0;
  }
  const auto again = berth::pin::parse_machine(berth::pin::to_text(*machine));
  require(again && berth::pin::to_text(*again) == berth::pin::to_text(*machine));
  if (size >= kSlowOnly) return 0;
  divide(*machine);
  seat(*machine);
  return 0;
}
