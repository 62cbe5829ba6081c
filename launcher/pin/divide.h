// SPDX-License-Identifier: Apache-2.0
// Topology, rank and policy -> CPUs. Pure, and without hwloc: see topology.h for where a Machine
// comes from.
#pragma once

#include "base/result.h"
#include "launcher/model/machine.h"
#include "launcher/model/place.h"

#include <vector>

namespace berth::pin {

/// The most ranks of one node that anybody is taken to mean.
inline constexpr unsigned kMostRanks = Numbers::kMost;

/// The CPUs of each of `ranks` ranks, all of them of `allowed`. While there are parts enough no two
/// ranks have one in common, and none has two more than another; of cores that are unlike each gets
/// its share of each kind. Where there are more ranks than parts, each has one, which as many share
/// as any other, or one less. An error where nothing of `allowed` is on the machine, or the machine
/// is not known to have such parts.
Result<std::vector<Numbers>> divide(
    const Machine& machine, const Numbers& allowed, unsigned ranks, Pin pin, PinMap map);

/// The memory nodes nearest to some CPUs.
Numbers memory_near(const Machine& machine, const Numbers& cpus);

}  // namespace berth::pin
