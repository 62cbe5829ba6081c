// SPDX-License-Identifier: Apache-2.0
// berth-pin, which says what the CPUs of a machine are like (launcher/pin/main.cc).
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "launcher/model/machine.h"

#include <sys/types.h>

#include <string>

namespace berth::cli {

class PinProgram {
 public:
  PinProgram() = default;
  PinProgram(const PinProgram&) = delete;
  PinProgram& operator=(const PinProgram&) = delete;

  /// Ends it, where nobody has read what it says.
  ~PinProgram();

  /// For this node's machine, or for the one that the file `topology` describes.
  Status start(const std::string& topology);

  [[nodiscard]] bool is_started() const { return heard_.is_open(); }

  /// The text that it writes (launcher/pin/machine_text.h). Waits until it has ended. Once.
  Result<std::string> read();

 private:
  Error cannot_say(const std::string& said) const;
  int wait() noexcept;

  std::string topology_;
  UniqueFd heard_;
  pid_t child_ = -1;
};

}  // namespace berth::cli
