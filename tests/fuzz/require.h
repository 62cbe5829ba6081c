// SPDX-License-Identifier: Apache-2.0
// What has to hold for every input of a fuzz target; where it does not, the input is kept.
#pragma once

namespace berth::fuzz {

inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace berth::fuzz
