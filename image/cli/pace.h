// SPDX-License-Identifier: Apache-2.0
// How fast an import goes, and the sentences about it. Pure: times are handed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace berth::cli {

using Moment = std::chrono::steady_clock::time_point;

struct Pace {
  std::uint64_t bytes = 0;               ///< of the source, read so far
  std::uint64_t total = 0;               ///< of the source; 0: not known
  std::optional<std::uint64_t> rate;     ///< bytes in a second, of late
  std::optional<std::uint64_t> seconds;  ///< that are left at this rate
};

/// Per cent done, never more than 100; none when the total is not known.
std::optional<unsigned> percent_of(const Pace& pace);

/// Knows the rate of the last seconds.
class Pacer {
 public:
  Pacer(Moment begin, std::uint64_t total);

  /// `bytes` never become fewer.
  Pace take(Moment now, std::uint64_t bytes);

 private:
  struct Sample {
    Moment when;
    std::uint64_t bytes = 0;
  };

  std::uint64_t total_;
  std::deque<Sample> samples_;  ///< oldest first, half a second and more apart
};

/// "importing 'NAME': 12 MiB of 120 MiB (10 %), 55 MiB/s, 3 s left" in at most `columns` columns:
/// the name is cut at its front first, then the end is left out.
std::string line_of(const Pace& pace, const std::string& name, std::size_t columns);

/// "45 s", "2 min 5 s", "1 h 20 min".
std::string duration_text(std::uint64_t seconds);

}  // namespace berth::cli
