// SPDX-License-Identifier: Apache-2.0
// What a node's CPUs are like, and which of them are whose. Plain data.
#pragma once

#include "base/numbers.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
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

enum class DeviceKind { gpu, nic, other };

inline constexpr std::array<std::pair<std::string_view, DeviceKind>, 3> kDeviceKinds = {
    {{"gpu", DeviceKind::gpu}, {"nic", DeviceKind::nic}, {"other", DeviceKind::other}}};

/// What hangs on a machine near to some of its CPUs.
struct Device {
  DeviceKind kind = DeviceKind::other;
  std::vector<std::string> names = {};  ///< "0000:3b:00.0", "mlx5_0", ...; the first is shown
  bool is_fabric = false;               ///< of a NIC: it speaks verbs or the like
  Numbers cpus = {};                    ///< those nearest to it

  bool operator==(const Device&) const = default;
};

struct Machine {
  std::vector<Cpu> cpus = {};        ///< neighbours beside each other
  std::vector<Numbers> memory = {};  ///< the memory nodes that are nearest, for each Cpu::numa
  Numbers allowed = {};              ///< what its description says can be used
  std::vector<Device> devices = {};  ///< by their addresses
  bool knows_devices = false;        ///< whether anybody has looked for them

  bool operator==(const Machine&) const = default;
};

/// Which GPUs somebody was given, as the variables of Slurm and of the vendors' libraries say.
struct GivenGpus {
  std::string variable = {};          ///< that `own` is from
  std::vector<std::string> own = {};  ///< this rank's, or all ranks'; none: nobody says
  bool are_files = false;             ///< numbers of files in /dev, and not places in a list
  std::vector<std::string> job = {};  ///< the job's on this node, numbers of files

  bool operator==(const GivenGpus&) const = default;
};

/// What is known of the CPUs of a node, and which of them this process has been given.
struct CpuFacts {
  Machine machine = {};  ///< empty where it has not been looked at
  Numbers own = {};      ///< CPUs that it may run on
  Numbers given = {};    ///< CPUs that its launcher may run on, and it too
  Numbers memory = {};   ///< memory nodes that it may use
  GivenGpus gpus = {};
};

}  // namespace berth
