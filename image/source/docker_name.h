// SPDX-License-Identifier: Apache-2.0
// Names of images in registries, by docker's rules: "app", "host:5000/team/app:v1",
// "app@sha256:...". Pure.
#pragma once

#include "base/result.h"

#include <string>

namespace berth::source {

struct DockerName {
  std::string registry = {};    ///< "docker.io" or HOST[:PORT]
  std::string repository = {};  ///< "library/app"
  std::string tag = {};         ///< empty when there is a digest
  std::string digest = {};      ///< empty, or valid: is_digest()
};

/// Takes a name apart and completes it: the default registry, "library/" there, and the tag
/// "latest". A tag beside a digest is dropped, as the digest says more. Refuses everything that
/// docker's grammar does not have, so shell metacharacters and a leading '-' too.
Result<DockerName> parse_docker_name(const std::string& text);

/// "REGISTRY/REPOSITORY:TAG" or "REGISTRY/REPOSITORY@DIGEST".
std::string to_text(const DockerName& name);

}  // namespace berth::source
