// SPDX-License-Identifier: Apache-2.0
// The images of a store, one by one. The launcher needs none of this.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace berth::store {

struct Stored {
  std::string name;
  std::string path;
  std::uint64_t size = 0;    ///< bytes of the file
  std::int64_t created = 0;  ///< seconds since 1970
};

/// The images in `folder` in the order of their names; none when there is no such folder.
Result<std::vector<Stored>> read_listing(const std::string& folder);

}  // namespace berth::store
