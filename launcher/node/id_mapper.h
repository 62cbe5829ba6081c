// SPDX-License-Identifier: Apache-2.0
// Maps of more ids than the caller's own, which only newuidmap(1) and newgidmap(1) may write, from
// outside of the user namespace that they are for.
#pragma once

#include "launcher/model/ids.h"

namespace berth::node {

class IdMapper {
 public:
  /// Without maps none is to be written.
  explicit IdMapper(IdMaps maps = {}) : maps_(std::move(maps)) {}

  /// Writes the maps of the user namespace that the process whose /proc/PID `process` is has just
  /// made. Waits for both programs. False where one of them refuses.
  [[nodiscard]] bool map(int process) const;

 private:
  IdMaps maps_;
};

}  // namespace berth::node
