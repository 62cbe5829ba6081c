// SPDX-License-Identifier: Apache-2.0
// berth-pin, which says what the CPUs of a machine are like (launcher/pin/main.cc).
#pragma once

#include "base/result.h"
#include "launcher/cli/asked_program.h"
#include "launcher/model/machine.h"

#include <string>

namespace berth::cli {

class PinProgram {
 public:
  /// For this node's machine, or for the one that the file `topology` describes; with its devices
  /// or without.
  Status start(const std::string& topology, bool with_devices);

  [[nodiscard]] bool is_started() const { return program_.is_started(); }

  /// The text that it writes (launcher/pin/machine_text.h). Waits until it has ended. Once.
  Result<std::string> read();

  /// `why`: what of it is too much; "" where it is no topology at all.
  static Error unusable(const std::string& topology, const std::string& why);

 private:
  [[nodiscard]] Error cannot_say(const std::string& said) const;

  std::string topology_;
  AskedProgram program_;
};

}  // namespace berth::cli
