// SPDX-License-Identifier: Apache-2.0
// A specification that is JSON, as the tree that settings files become. Pure. A parser of YAML
// takes ten times as long for the same text, and a launch waits for it.
#pragma once

#include "base/result.h"
#include "image/settings/document.h"

#include <optional>
#include <string>

namespace berth::hooks {

/// The tree of a JSON object, with the bounds of settings::parse_document(); a key that is there
/// twice is an error, and so is a NUL byte in any text. Nothing where `text` is none: it may still
/// be YAML. `name`: for messages.
Result<std::optional<settings::Element>> parse_json(const std::string& text,
                                                    const std::string& name);

}  // namespace berth::hooks
