// SPDX-License-Identifier: Apache-2.0
// Ranks beside the devices that are theirs. Pure.
#pragma once

#include "base/result.h"
#include "launcher/model/machine.h"
#include "launcher/model/place.h"

#include <string>
#include <vector>

namespace berth::pin {

/// What is asked for, and by whom.
struct NearWish {
  Near near = Near::nothing;
  std::vector<std::string> names = {};  ///< of Near::named
  std::vector<std::string> gpus = {};   ///< that the launch itself shows its program; none: it
                                        ///< does not say
  GivenGpus given = {};
  unsigned ranks = 1;
  unsigned local_rank = 0;
};

/// Places at devices. Where it is not known which devices the others have, they are not those of
/// the node's ranks in their order, but such that no two ranks that sit at different ones have a
/// CPU in common.
struct Seats {
  std::vector<std::vector<Device>> devices = {};  ///< of each seat, one or more
  std::size_t own = 0;                            ///< where this rank sits
  bool are_all = true;                            ///< whether seat i is rank i's
};

/// An error where there is no such device, or it cannot be told which one is this rank's.
Result<Seats> choose_seats(const Machine& machine, const NearWish& wish);

/// The CPUs of each seat, all of them of `allowed` and near to its devices. Those who are near to
/// the same ones are treated as divide() treats ranks. An error where nothing of `allowed` is near.
Result<std::vector<Numbers>> divide_near(
    const Machine& machine, const Numbers& allowed, const Seats& seats, Pin pin, PinMap map);

/// "gpu 0000:3b:00.0 (nvidia0)": its kind and up to two names.
std::string words_of(const Device& device);

}  // namespace berth::pin
