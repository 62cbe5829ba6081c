// SPDX-License-Identifier: Apache-2.0
// The hook of PMI: what it looks at.
#pragma once

#include "base/result.h"
#include "hooks/cli/into_image.h"
#include "hooks/edits.h"

namespace berth::hooks {

Result<Edits> ask_pmi_hook(const ImageLook& look);

}  // namespace berth::hooks
