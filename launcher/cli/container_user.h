// SPDX-License-Identifier: Apache-2.0
// Who `berth exec --user` is in a container that runs.
#pragma once

#include "base/result.h"
#include "launcher/model/entry.h"
#include "launcher/state/look.h"

#include <string>
#include <vector>

namespace berth::cli {

/// "NAME=VALUE" takes the place of what the name has been.
void set_variable(std::vector<std::string>& environment, std::string assignment);

/// Makes the entry that of "USER[:GROUP]", with HOME, USER and LOGNAME. Names are the container's
/// own: of its /etc/passwd and /etc/group as they are now, looked at inside its root. An error
/// where it has no such user, or not that number.
Status change_user(Entry& entry, const std::string& asked, const state::Container& container);

}  // namespace berth::cli
