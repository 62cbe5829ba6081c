// SPDX-License-Identifier: Apache-2.0
// The small documents of an image, from a registry, with their digests checked.
#pragma once

#include "base/result.h"
#include "image/registry/endpoint.h"
#include "image/source/manifest.h"

#include <cstdint>
#include <optional>
#include <string>

namespace berth::registry {

struct Wanted {
  std::string reference = {};  ///< a tag or a digest
  bool is_digest = false;
  std::optional<std::uint64_t> size = {};  ///< as an index says
};

/// A manifest or an index. By tag, what the registry claims its digest to be is compared. When
/// there is none of that tag, the hint has the nearest one that there is.
Result<std::string> read_manifest(Http& http, Endpoint& endpoint, const Wanted& wanted);

/// A blob that is small enough to be read whole.
Result<std::string> read_blob(Http& http,
                              Endpoint& endpoint,
                              const source::Descriptor& descriptor,
                              std::uint64_t limit);

}  // namespace berth::registry
