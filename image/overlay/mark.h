// SPDX-License-Identifier: Apache-2.0
// The file of an overlay directory that says what image its changes belong to.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>

namespace berth::overlay {

struct Mark {
  std::string identity;  ///< see find_identity()
  std::string name;      ///< of the image, as people named it at the first use
};

/// Empty when the directory has none.
Result<std::optional<Mark>> read_mark(int directory, const std::string& goal);

/// The file appears complete or not at all.
Status write_mark(int directory, const Mark& mark);

}  // namespace berth::overlay
