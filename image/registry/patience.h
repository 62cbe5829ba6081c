// SPDX-License-Identifier: Apache-2.0
// Trying again: what may pass by itself, how long to wait, and when to give up.
#pragma once

#include "image/registry/http.h"

#include <chrono>
#include <optional>

namespace berth::registry {

/// The longest that a server may make us wait with Retry-After.
constexpr std::chrono::seconds kLongestWait{120};

/// What the header Retry-After asks for, in seconds or as a date; nothing when there is none.
std::optional<std::chrono::seconds> wait_asked_for(const Exchange& exchange);

class Patience {
 public:
  explicit Patience(const Network& network) : network_(network) {}

  /// Whether to try again after `exchange`; then it has waited. `is_known`: the server has
  /// answered before, so that a missing address or connection may pass too.
  bool wait_after(const Exchange& exchange, bool is_known);

  /// After progress: all tries are there again.
  void restore() { tries_ = 0; }

 private:
  [[nodiscard]] bool sleep(std::chrono::milliseconds time) const;

  const Network& network_;
  unsigned tries_ = 0;
};

}  // namespace berth::registry
