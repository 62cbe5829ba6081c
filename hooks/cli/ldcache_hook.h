// SPDX-License-Identifier: Apache-2.0
// The hook of the loader's cache: what it looks at.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <cstddef>

namespace berth::hooks {

/// `images`: so many are open from descriptor 3 on. Of what `answer` has, hooks that would do the
/// same are taken out.
Result<Edits> ask_ldcache_hook(std::size_t images, Answer& answer);

}  // namespace berth::hooks
