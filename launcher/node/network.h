// SPDX-License-Identifier: Apache-2.0
// The way out of a container that has a network of its own: pasta or slirp4netns, which carries
// what the container sends through sockets of this user's on the node. A child of the keeper's: it
// ends with it, whatever ends it.
#pragma once

#include <sys/types.h>

#include <string>

namespace berth::node {

class Network {
 public:
  /// `program`: its path; empty where no container is to be connected.
  explicit Network(std::string program = {}) : program_(std::move(program)) {}

  /// Connects the network namespace of the process whose /proc/PID `process` is, and returns when
  /// that is done. False where the program does not start, or takes longer than ten seconds.
  bool connect(int process);

  /// Ends the program, if it runs, and waits for it.
  void disconnect();

 private:
  std::string program_;
  pid_t child_ = -1;
};

}  // namespace berth::node
