// SPDX-License-Identifier: Apache-2.0
// Where the ranks of a step on one node find each other. The meeting place is an abstract socket:
// the kernel lets exactly one process have the name, takes it back when the last holder dies, and
// leaves nothing on disk (unix(7)). So there is no lock file, no time-out and no polling: who gets
// the name leads; the others wait in its backlog for the keeper's answer; if the leader dies, their
// connections break and the next one takes over.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <string>
#include <variant>
#include <vector>

namespace berth::node {

/// What makes two processes meet: all of it must be equal.
struct MeetingPlace {
  unsigned uid = 0;
  std::string step;     ///< from Rank, with the step's secret where there is one
  std::string image;    ///< its identity, not its name
  std::string shape;    ///< the options that decide what the container looks like
  std::string outlook;  ///< the namespaces that the process sees the host from
};

/// The socket's name. Differs when any part differs. Pure.
std::string name_of(const MeetingPlace& place);

/// The namespaces this process is in now. Reads /proc/self/ns.
std::string read_outlook();

/// This process builds the container. The others are already waiting behind `listener`.
struct Leader {
  UniqueFd listener;
};

/// The finished container.
struct Joiner {
  std::vector<UniqueFd> namespaces;  ///< for enter::LinuxProcess
  std::string config;                ///< what the leader knows already, in its own words
};

/// Waits, if there is a leader already, until its container is finished. An error after seconds if
/// the name's holder does not listen, as one who only wants to keep us out.
Result<std::variant<Leader, Joiner>> meet(const std::string& name);

}  // namespace berth::node
