// SPDX-License-Identifier: Apache-2.0
// Opens an image in a registry: its manifest and config are read and checked here, its layers come
// while they are read. Writes nothing but the cache.
#pragma once

#include "base/result.h"
#include "image/registry/credentials.h"
#include "image/registry/http.h"
#include "image/source/docker_name.h"
#include "image/source/open.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::registry {

struct Options {
  Network network = {};
  Login login = {};
  std::map<std::string, std::vector<std::string>> mirrors = {};  ///< HOST[:PORT][/PREFIX] each
  std::string cache = {};                                        ///< a folder; empty: none
};

/// As source::open_image, for a name in a registry.
Result<source::Image> open_image(const source::DockerName& name,
                                 const std::optional<source::Platform>& platform,
                                 const Options& options);

}  // namespace berth::registry
