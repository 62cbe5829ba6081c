// SPDX-License-Identifier: Apache-2.0
// The hook of PMI: what it looks at.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <cstddef>
#include <string>

namespace berth::hooks {

/// `images`: so many are open from descriptor 3 on. `state`: what the launcher says of the
/// container.
Result<Edits> ask_pmi_hook(std::size_t images, const std::string& state);

}  // namespace berth::hooks
