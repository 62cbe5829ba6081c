// SPDX-License-Identifier: Apache-2.0
// What the user asked for, after command line, environment and defaults are merged.
// Plain data; every room may include it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth {

/// Whether the ranks of a step on one node live in one container.
enum class Share {
  automatic,  ///< yes, when a launcher started more than one rank on this node
  node,       ///< yes
  none        ///< each process has a container of its own
};

/// Which home directory the container shows.
enum class Home {
  host,  ///< the caller's own, at the same place
  none   ///< whatever the image has
};

/// A place of the host that the container shows.
struct Bind {
  std::string from;
  std::string to;
  bool read_only = false;

  bool operator==(const Bind&) const = default;
};

struct Request {
  std::string image;                      ///< a path or the name of a stored image, as typed
  std::vector<std::string> command;       ///< program and arguments; empty: what the image says
  std::optional<std::string> entrypoint;  ///< replaces the image's; empty text means none
  std::vector<Bind> binds;
  std::vector<std::string> env;  ///< NAME=value, or NAME to take the caller's value
  std::vector<std::string> env_files;
  std::optional<std::string> workdir;
  std::string record = {};   ///< the file for a launch profile; empty: none is recorded
  std::string overlay = {};  ///< a directory that keeps what the container changes; may be empty
  Home home = Home::host;
  Share share = Share::automatic;
  std::uint64_t tmpfs_bytes = 0;  ///< bound of what may be written; 0: half of the memory
  bool read_only = false;         ///< nothing can be written outside binds
  bool unverified = false;        ///< compare nothing with the image's hash tree
  bool as_root = false;           ///< the caller is uid 0 inside
  bool clean_env = false;         ///< take nothing of the caller's environment
  bool plan_only = false;         ///< print the steps instead of taking them
  bool help_only = false;         ///< print the help instead of running anything
  bool verbose = false;
  bool quiet = false;
  std::string step_key = {};  ///< a secret of the step's, from the Slurm plugin; may be empty

  bool operator==(const Request&) const = default;
};

}  // namespace berth
