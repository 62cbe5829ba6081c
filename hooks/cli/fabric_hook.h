// SPDX-License-Identifier: Apache-2.0
// The hook of the fabric: what it looks at.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <cstddef>
#include <string>
#include <vector>

namespace berth::hooks {

struct FabricLook {
  std::vector<std::string> own;  ///< berth's hooks that are asked for; "fabric:PATH" is a library
  std::size_t images = 0;        ///< open from descriptor 3 on, the lowest first
  std::string state;             ///< what the launcher says of the container
};

Result<Edits> ask_fabric_hook(const FabricLook& look);

}  // namespace berth::hooks
