// SPDX-License-Identifier: Apache-2.0
// What a program's process is given besides its container. Plain data.
#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

/// One of setrlimit(2)'s, in its units: bytes, seconds (rttime: microseconds), or a number.
struct Limit {
  int resource = 0;
  std::uint64_t soft = 0;  ///< RLIM_INFINITY: none
  std::uint64_t hard = 0;  ///< how far the program may raise it

  bool operator==(const Limit&) const = default;
};

/// What a launch sends to who stands by its container, from the process that becomes the program.
inline constexpr char kProgramWord = 'p';

struct ResourceName {
  std::string_view name;
  int resource;
};

/// As podman-run(1) and limits.conf(5) call them.
inline constexpr std::array<ResourceName, 16> kResources = {{{"as", RLIMIT_AS},
                                                             {"core", RLIMIT_CORE},
                                                             {"cpu", RLIMIT_CPU},
                                                             {"data", RLIMIT_DATA},
                                                             {"fsize", RLIMIT_FSIZE},
                                                             {"locks", RLIMIT_LOCKS},
                                                             {"memlock", RLIMIT_MEMLOCK},
                                                             {"msgqueue", RLIMIT_MSGQUEUE},
                                                             {"nice", RLIMIT_NICE},
                                                             {"nofile", RLIMIT_NOFILE},
                                                             {"nproc", RLIMIT_NPROC},
                                                             {"rss", RLIMIT_RSS},
                                                             {"rtprio", RLIMIT_RTPRIO},
                                                             {"rttime", RLIMIT_RTTIME},
                                                             {"sigpending", RLIMIT_SIGPENDING},
                                                             {"stack", RLIMIT_STACK}}};

/// What becomes of a program that runs for too long.
struct TimeLimit {
  std::uint64_t seconds = 0;  ///< 0: none
  std::uint64_t grace = 10;   ///< seconds between the stop signal and SIGKILL
  int stop_signal = SIGTERM;
  std::string notice = {};  ///< said on standard error with the stop signal

  bool operator==(const TimeLimit&) const = default;
};

}  // namespace berth
