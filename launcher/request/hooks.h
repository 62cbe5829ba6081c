// SPDX-License-Identifier: Apache-2.0
// The options about hooks.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::request {

/// One of berth's own by its name, or a program by an absolute path.
Status add_hook(Request& request, const std::string& value);

/// A directory of hook files, by an absolute path.
Status add_hook_directory(Request& request, const std::string& value);

/// The name of a hook that is not to run.
Status leave_out_hook(Request& request, const std::string& value);

/// KEY=VALUE.
Status add_annotation(Request& request, const std::string& value);

}  // namespace berth::request
