// SPDX-License-Identifier: Apache-2.0
// The hook of ssh: what it looks at.
#pragma once

#include "hooks/edits.h"

#include <string>

namespace berth::hooks {

/// `state`: what the launcher says of the container. The user's home and agent are those of this
/// process's variables.
Edits ask_ssh_hook(const std::string& state);

}  // namespace berth::hooks
