// SPDX-License-Identifier: Apache-2.0
// Ending a container, and waiting until it has ended.
#pragma once

#include "launcher/state/look.h"

#include <cstdint>
#include <optional>

namespace berth::state {

/// Until the container's processes have ended and its monitor has written down how. The status as a
/// shell has it, where somebody tells. `milliseconds` below 0: waits for ever; an error where it
/// takes longer.
Result<std::optional<int>> await_end(const Directory& directory,
                                     const Container& container,
                                     int milliseconds);

/// Sends its program `signal`, and after `seconds` SIGKILL; whatever of it is left then is killed.
/// Nothing of it runs afterwards. As await_end().
Result<std::optional<int>> stop(const Directory& directory,
                                const Container& container,
                                int signal,
                                std::uint64_t seconds);

}  // namespace berth::state
