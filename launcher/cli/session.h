// SPDX-License-Identifier: Apache-2.0
// What a verb is handed: its streams and the caller's environment, so that verbs run inside tests.
#pragma once

#include "base/error.h"

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

class Streams {
 public:
  virtual ~Streams() = default;
  virtual void out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;
};

struct Session {
  Streams& streams;
  std::vector<std::string> environment;  ///< NAME=value
  pid_t parent = ::getppid();            ///< who has started this, whatever is forked afterwards
  std::uint64_t began = 0;               ///< nanoseconds of CLOCK_MONOTONIC, when main() did
};

/// The value of a variable, or empty.
std::string variable(const Session& session, std::string_view name);

/// Prints the error, once, in one write.
void print(Session& session, const Error& error);

/// The same in a rank of a job: the line says whose it is, and only a node's first rank adds the
/// hint. Outside of jobs it is print().
void print_for_rank(Session& session, Error error);

}  // namespace berth::cli
