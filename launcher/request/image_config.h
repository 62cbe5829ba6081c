// SPDX-License-Identifier: Apache-2.0
// The OCI image configuration inside an image (hostile text) -> ImageConfig.
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"

#include <string>

namespace berth::request {

/// Pure. Empty text is an image without a configuration. Refuses what is not JSON, what has the
/// wrong types, and strings with NUL in them; ignores fields that a launch has no use for.
Result<ImageConfig> parse_image_config(const std::string& json, const std::string& image_name);

}  // namespace berth::request
