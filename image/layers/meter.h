// SPDX-License-Identifier: Apache-2.0
// Counts what the layers of one image unpack to, and stops what was made to fill a disk or a
// memory.
#pragma once

#include "base/result.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

namespace berth::layers {

struct Limit {
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::string hint = {};  ///< where the limit comes from, for the message
};

struct Limits {
  Limit entries = {};   ///< of all layers together
  Limit unpacked = {};  ///< bytes, of all layers together
  Limit ratio = {};     ///< unpacked to packed bytes of one layer, from kRatioFrom on
};

constexpr std::uint64_t kRatioFrom = std::uint64_t{1} << 30;  ///< bytes unpacked

/// Shared by the streams of one image; any thread may call.
class Meter {
 public:
  explicit Meter(Limits limits) : limits_(std::move(limits)) {}

  /// `bytes` more have come out of the layer called `name`, or are about to.
  Status add_bytes(std::uint64_t bytes, const std::string& name);

  /// Whether a file of `bytes`, most of them perhaps a hole, could still come.
  [[nodiscard]] Status check_room(std::uint64_t bytes, const std::string& name) const;

  [[nodiscard]] Status check_ratio(std::uint64_t unpacked,
                                   std::uint64_t packed,
                                   const std::string& name) const;

  Status add_entry(const std::string& name);

 private:
  const Limits limits_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> entries_{0};
};

}  // namespace berth::layers
