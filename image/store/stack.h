// SPDX-License-Identifier: Apache-2.0
// Images that are named together: "base.sqsh+tools.sqsh+data.sqsh", the lowest first.
#pragma once

#include "base/result.h"
#include "image/store/store.h"

#include <string>
#include <vector>

namespace berth::store {

struct Named {
  std::string name;  ///< as it stands in the text
  std::string path;  ///< see find()
};

/// The images that `text` names. What exists under a name with a '+' in it is one image, and the
/// longest such name counts. The error is that of a name which means nothing.
Result<std::vector<Named>> find_stack(const std::string& text, const Environment& environment);

}  // namespace berth::store
