// SPDX-License-Identifier: Apache-2.0
// A machine as people draw it: sockets, in them memory, in that caches, in those cores. Pure.
#pragma once

#include "launcher/model/machine.h"

#include <string>
#include <vector>

namespace berth::pin {

struct Group {
  std::string title;
  std::vector<Group> parts = {};
  std::vector<std::vector<Cpu>> cores = {};  ///< of a group without parts
};

std::vector<Group> groups_of(const Machine& machine);

/// A device, and which ranks are near to it.
struct Neighbours {
  Device device;
  Numbers ranks = {};
};

/// Of the devices that are drawn.
std::vector<Neighbours> neighbours_of(const Machine& machine,
                                      const std::vector<std::vector<Device>>& devices);

/// Which of `ranks` a CPU belongs to, by their number here.
Numbers ranks_on(unsigned cpu, const std::vector<Numbers>& ranks);

}  // namespace berth::pin
