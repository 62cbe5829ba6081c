// SPDX-License-Identifier: Apache-2.0
// The hook of the loader's cache: what it looks at.
#pragma once

#include "base/result.h"
#include "hooks/cli/into_image.h"
#include "hooks/edits.h"

namespace berth::hooks {

/// Of what `answer` has, hooks that would do the
/// same are taken out.
Result<Edits> ask_ldcache_hook(const ImageLook& look, Answer& answer);

}  // namespace berth::hooks
