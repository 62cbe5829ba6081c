// SPDX-License-Identifier: Apache-2.0
// hwloc -> Machine. The only file that knows hwloc, for a program of its own: its discovery takes
// milliseconds, and the launcher is linked without it.
#pragma once

#include "base/result.h"
#include "launcher/model/machine.h"

#include <memory>
#include <string>

namespace berth::pin {

/// A topology that is not loaded yet. Only this may load plugins (hwloc(7)) and read variables.
class Topology {
 public:
  /// With its devices, or with its CPUs and memory alone, which takes less time.
  enum class Devices { none, all };
  static Result<Topology> create(Devices devices = Devices::none);

  /// This machine's. Reads /sys and /proc.
  Result<Machine> read_machine();

  /// That of hwloc's XML, as 'lstopo --of xml' writes it. Reads nothing else.
  Result<Machine> parse_xml(const std::string& xml);

  /// That of hwloc's words for a regular one: "package:2 core:4 pu:2". For tests.
  Result<Machine> parse_synthetic(const std::string& words);

 private:
  struct Free {
    void operator()(void* topology) const noexcept;
  };

  Topology(void* topology, Devices devices) : topology_(topology), devices_(devices) {}

  Result<Machine> load(const std::string& goal);

  std::unique_ptr<void, Free> topology_;
  Devices devices_;
};

}  // namespace berth::pin
