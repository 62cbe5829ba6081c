// SPDX-License-Identifier: Apache-2.0
// A machine as text, in which berth-pin hands it to the launcher and a first rank to the others:
//
//   cpu 17 core 9 l3 1 numa 1 socket 0 kind 0      a line for each, neighbours beside each other;
//                                                  "l3 -" where none is known
//   memory 1 1,3                                   nodes nearest to the CPUs with that "numa"
//   allowed 0-63
//   devices                                        where somebody has looked for them; and for each
//   device nic 0000:3b:00.0,mlx5_0 fabric 0-15     a line: its names, "-" for "fabric", its CPUs
//   end
//
// Pure.
#pragma once

#include "base/result.h"
#include "launcher/model/machine.h"

#include <string>
#include <string_view>

namespace berth::pin {

/// How a sentence begins that says what of a machine is too much.
inline constexpr std::string_view kTooMuch = "cannot take in ";

/// An error, which begins so, where parse_machine() would not take what to_text() makes of it.
Status check_size(const Machine& machine);

std::string to_text(const Machine& machine);

/// An error where it is not whole, or not one that to_text() could have written.
Result<Machine> parse_machine(std::string_view text);

}  // namespace berth::pin
