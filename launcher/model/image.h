// SPDX-License-Identifier: Apache-2.0
// What an image says about how to run it, and all that a plan is made from.
#pragma once

#include "hooks/edits.h"
#include "launcher/model/facts.h"
#include "launcher/model/ids.h"
#include "launcher/model/request.h"

#include <linux/filter.h>

#include <optional>
#include <string>
#include <vector>

namespace berth {

/// The part of an OCI image configuration that a launch uses (image-spec, config.md).
struct ImageConfig {
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> env;  ///< NAME=value
  std::string workdir;
  std::string stop_signal;  ///< a name or a number, as the image has it
};

/// What this process is to the container.
enum class Role {
  alone,   ///< builds it for itself
  leader,  ///< builds it for all ranks of its step on this node
  joiner   ///< enters what the leader has built
};

/// Who the program is inside.
struct Identity {
  Ids ids = {};
  std::string name;
  std::string group;
  std::string home;  ///< unless the caller's is shown
};

struct Launch {
  Request request;
  Facts facts;
  ImageFacts image;
  ImageConfig config;
  Role role = Role::alone;
  std::vector<sock_filter> filter = {};   ///< of the profile that the request names
  std::optional<Identity> identity = {};  ///< as the request's `user` says; none: it says nothing
  std::vector<hooks::Hook> hooks = {};    ///< that are run while the container is built, and after
  bool without_overlay = false;  ///< the kernel has refused it: the image alone is the root
};

}  // namespace berth
