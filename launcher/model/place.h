// SPDX-License-Identifier: Apache-2.0
// What a user can ask for of CPUs and memory. Plain data.
#pragma once

#include "base/numbers.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth {

/// The parts of a machine that ranks get, whole ones.
enum class Pin {
  none,       ///< a rank runs where it may
  pu,         ///< hardware threads
  core,       ///< cores, with all their threads
  l3,         ///< all cores with one L3 cache
  numa,       ///< all cores with the same memory nearest
  socket,     ///< processors
  automatic,  ///< cores, hardware threads where there are more ranks, nothing where still more
};

inline constexpr std::array<std::pair<std::string_view, Pin>, 7> kPins = {
    {{"none", Pin::none},
     {"pu", Pin::pu},
     {"core", Pin::core},
     {"l3", Pin::l3},
     {"numa", Pin::numa},
     {"socket", Pin::socket},
     {"auto", Pin::automatic}}};

/// Where the next rank is.
enum class PinMap {
  packed,  ///< beside the one before
  spread   ///< as far from it as can be: on the next socket, the next memory
};

/// Where a program's memory comes from.
enum class MemBind {
  none,        ///< as it was: nothing is done
  local,       ///< from the nodes nearest to its CPUs, and no others
  interleave,  ///< from all in turn
  list         ///< from those that are named
};

/// What a rank is to be near to.
enum class Near {
  nothing,
  gpu,   ///< its GPU
  nic,   ///< its network card
  named  ///< a device with a name: the ranks have those that are named in turn
};

/// How a user wants his ranks placed.
struct Placing {
  Pin pin = Pin::none;
  PinMap map = PinMap::packed;
  std::vector<Numbers> lists = {};  ///< each rank's CPUs, in the place of all that is asked here
  Near near = Near::nothing;
  std::vector<std::string> devices = {};  ///< of Near::named
  bool again = false;                     ///< also where the launcher has bound the rank
  MemBind memory = MemBind::none;
  Numbers nodes = {};  ///< of MemBind::list

  /// Whether ranks get CPUs of their own.
  [[nodiscard]] bool binds() const {
    return pin != Pin::none || near != Near::nothing || !lists.empty();
  }

  /// Whether it is about devices.
  [[nodiscard]] bool is_near() const { return near != Near::nothing && lists.empty(); }

  bool operator==(const Placing&) const = default;
};

}  // namespace berth
