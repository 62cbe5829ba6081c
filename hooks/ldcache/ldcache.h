// SPDX-License-Identifier: Apache-2.0
// The loader's cache of a container, as ldconfig(8) would have it with the libraries that devices
// and hooks have brought. No program is run for that.
#pragma once

#include "hooks/edits.h"
#include "hooks/mpi/tree.h"

#include <string>
#include <vector>

namespace berth::hooks {

/// A new /etc/ld.so.cache, for what `others` bring; nothing where they bring no library. Of
/// `others`, hooks that would make it are left out if all their folders were looked at. `node`: the
/// files that are brought. `kept_cache`: one on this node that would lie above the new one, with
/// which none is made; may be empty.
Edits find_ldcache(std::vector<Edits>& others,
                   Tree& image,
                   Tree& node,
                   const std::string& kept_cache);

}  // namespace berth::hooks
