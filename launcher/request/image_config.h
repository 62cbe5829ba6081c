// SPDX-License-Identifier: Apache-2.0
// The OCI image configuration inside an image (hostile text) -> ImageConfig.
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"

#include <string>
#include <vector>

namespace berth::request {

/// Pure. Empty text is an image without a configuration. Refuses what is not JSON, what has the
/// wrong types, and strings with NUL in them; ignores fields that a launch has no use for.
Result<ImageConfig> parse_image_config(const std::string& json, const std::string& image_name);

/// The configurations of images that lie on each other, the lowest first, as one text, which
/// travels from rank to rank. Pure. That of a single image is its text.
std::string join_configs(const std::vector<std::string>& texts);

/// The texts that were joined. Pure.
std::vector<std::string> split_configs(const std::string& text);

/// What they say together: the lowest image's program, command and work directory, and the
/// variables of all, of which the upper one's count. Pure. `names`: those of the images, in the
/// order of the text.
Result<ImageConfig> parse_configs(const std::string& text, const std::vector<std::string>& names);

}  // namespace berth::request
