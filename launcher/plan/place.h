// SPDX-License-Identifier: Apache-2.0
// Who of a node's ranks is where. Pure; for this room's files.
#pragma once

#include "launcher/model/image.h"
#include "launcher/pin/near.h"

#include <vector>

namespace berth::plan {

/// Whether it is planned for ranks or a machine that are not these.
bool is_rehearsal(const Request& request);

/// The CPUs and the memory nodes that may be given to ranks.
Numbers allowed_of(const Launch& launch);
Numbers memory_of(const Launch& launch);

struct Map {
  std::vector<Numbers> cpus = {};
  std::size_t own = 0;      ///< which is this rank's
  bool is_of_ranks = true;  ///< whether each of them is a rank's
  pin::Seats seats = {};    ///< where they are near to something
};

Result<Map> map_of(const Launch& launch);

}  // namespace berth::plan
