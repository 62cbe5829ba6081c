// SPDX-License-Identifier: Apache-2.0
// One kind of work many times, on several threads. For this room only.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>

namespace berth::integrity {

/// Calls `work` with each number below `count`, the low ones first, on `threads` threads, and
/// `watch` now and then on the caller's. Ends early with the first error of either. On fewer
/// threads where the kernel makes no more; when it makes none, that is the error.
Status for_each_in_parallel(unsigned threads,
                            std::uint64_t count,
                            const std::function<Status(std::uint64_t)>& work,
                            const std::function<Status()>& watch);

}  // namespace berth::integrity
