// SPDX-License-Identifier: Apache-2.0
// What a node's CPUs are like, and which of them are whose. Plain data.
#pragma once

#include "base/numbers.h"

#include <vector>

namespace berth {

/// One hardware thread, which is what the kernel calls a CPU, and what it is a part of. Cores, L3
/// caches and so on are told apart by numbers of their own, which mean nothing outside a Machine.
struct Cpu {
  unsigned number = 0;  ///< the kernel's
  unsigned core = 0;
  unsigned l3 = 0;  ///< kNoL3 where it is not known to have one
  unsigned numa = 0;
  unsigned socket = 0;
  unsigned kind = 0;  ///< where cores are unlike, the faster ones have the greater number

  static constexpr unsigned kNoL3 = Numbers::kMost;

  bool operator==(const Cpu&) const = default;
};

struct Machine {
  std::vector<Cpu> cpus = {};        ///< neighbours beside each other
  std::vector<Numbers> memory = {};  ///< the memory nodes that are nearest, for each Cpu::numa
  Numbers allowed = {};              ///< what its description says can be used

  bool operator==(const Machine&) const = default;
};

/// What is known of the CPUs of a node, and which of them this process has been given.
struct CpuFacts {
  Machine machine = {};  ///< empty where it has not been looked at
  Numbers own = {};      ///< CPUs that it may run on
  Numbers given = {};    ///< CPUs that its launcher may run on, and it too
  Numbers memory = {};   ///< memory nodes that it may use
};

}  // namespace berth
