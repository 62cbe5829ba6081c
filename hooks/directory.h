// SPDX-License-Identifier: Apache-2.0
// What is in a directory of this node.
#pragma once

#include <string>
#include <vector>

namespace berth::hooks {

/// Names but for hidden ones, sorted by number and name; nothing where there is no such directory.
std::vector<std::string> names_in(const std::string& directory);

}  // namespace berth::hooks
