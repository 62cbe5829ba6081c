// SPDX-License-Identifier: Apache-2.0
// The hook of the fabric: what it looks at.
#pragma once

#include "base/result.h"
#include "hooks/cli/into_image.h"
#include "hooks/edits.h"

#include <string>
#include <vector>

namespace berth::hooks {

struct FabricLook {
  std::vector<std::string> own;  ///< berth's hooks that are asked for; "fabric:PATH" is a library
  ImageLook image;
};

Result<Edits> ask_fabric_hook(const FabricLook& look);

}  // namespace berth::hooks
