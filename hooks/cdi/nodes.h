// SPDX-License-Identifier: Apache-2.0
// Device nodes of this node, as edits want them.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

namespace berth::hooks {

/// Whether each is there and is the device that its specification means. Where that names no host
/// path, and nothing is there, it is an error too: a program without its device fails later, and
/// says less.
/// Notes what the specification would have of the files' modes, owners and rights, and they have
/// not.
Status check_nodes(Edits& edits);

/// Notes each group in which this process is not: it cannot take one.
void check_groups(Edits& edits);

}  // namespace berth::hooks
