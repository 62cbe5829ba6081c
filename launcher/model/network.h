// SPDX-License-Identifier: Apache-2.0
// What is known of the programs that connect a container's own network to the node's.
#pragma once

#include <array>
#include <string_view>

namespace berth {

/// In the order in which they are taken. Not from PATH: who serves a container is not the job's
/// choice.
inline constexpr std::array<std::string_view, 4> kNetworkPrograms = {
    "/usr/bin/pasta", "/usr/local/bin/pasta", "/usr/bin/slirp4netns", "/usr/local/bin/slirp4netns"};

/// The address at which pasta is told to pass on questions to the node's name server, whatever
/// address that has there; slirp4netns always does at its own.
inline constexpr const char* kPastaResolver = "169.254.1.1";
inline constexpr const char* kSlirpResolver = "10.0.2.3";

inline bool is_slirp(std::string_view program) {
  return program.ends_with("slirp4netns");
}

}  // namespace berth
