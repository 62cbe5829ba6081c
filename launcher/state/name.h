// SPDX-License-Identifier: Apache-2.0
// What a container may be called: its name becomes the name of files. Pure.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace berth::state {

/// A letter or digit, then letters, digits, '_', '.' and '-', as podman and docker have it.
bool is_name(std::string_view text);

/// The error that says what a name is, unless `text` is one.
Status check_name(const std::string& text);

/// The `count`-th name for a container of `image`, a path or a name: "img-1".
std::string made_name(const std::string& image, unsigned count);

}  // namespace berth::state
