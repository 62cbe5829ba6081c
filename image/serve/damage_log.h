// SPDX-License-Identifier: Apache-2.0
// Where a server that has no standard error tells of damaged blocks: syslog(3)'s socket, opened
// before the server locks itself in.
#pragma once

#include "base/fd.h"

#include <cstdint>
#include <string>

namespace berth::serve {

class DamageLog {
 public:
  /// Connects to the socket at `path` (unix(7), datagrams). Where none answers, nothing is told.
  DamageLog(const char* path, std::string image_name);

  /// One line: "image '...': block N at byte M is damaged". Never waits.
  void tell(std::uint64_t block) const noexcept;

 private:
  UniqueFd socket_;
  std::string image_name_;
};

}  // namespace berth::serve
