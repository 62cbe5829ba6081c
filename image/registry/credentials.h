// SPDX-License-Identifier: Apache-2.0
// Where credentials come from: the command line, podman's file, docker's file, and the helpers that
// these name. Looks; changes nothing.
#pragma once

#include "base/result.h"
#include "image/registry/auth_file.h"

#include <atomic>
#include <string>
#include <vector>

namespace berth::registry {

constexpr std::size_t kLargestAuthFile = 1UL << 20;  ///< bytes

struct Login {
  Credentials given = {};                  ///< on the command line; empty: none
  std::string named_file = {};             ///< $REGISTRY_AUTH_FILE: no other file counts then
  std::vector<std::string> files = {};     ///< those that are looked for, in order
  const std::atomic<int>* stop = nullptr;  ///< turns non-zero when nobody waits any more
};

/// $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json,
/// $XDG_CONFIG_HOME/containers/auth.json, $DOCKER_CONFIG/config.json, or what they are without
/// these variables.
Login find_login_files();

/// The credentials for an image; empty when nobody has any. What was given on the command line is
/// for the registry that was named there, not for its mirrors.
Result<Credentials> find_credentials(const Login& login,
                                     const std::string& registry,
                                     const std::string& repository);

}  // namespace berth::registry
