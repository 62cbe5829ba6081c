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

/// One of hooks::kMpiRules.
Status set_mpi_hook(Request& request, const std::string& value);

/// A library of this node, by an absolute path.
Status add_mpi_library(Request& request, const std::string& value);

/// Whether that hook of berth's own is asked for, and nobody has left it out.
bool wants_own(const Request& request, const std::string& name);

/// Whether one of them looks into the image.
bool looks_into_image(const Request& request);

/// Whether the image's MPI is to be replaced, and nobody has left that out.
bool wants_mpi(const Request& request);

/// A directory of hook files, by an absolute path.
Status add_hook_directory(Request& request, const std::string& value);

/// The name of a hook that is not to run.
Status leave_out_hook(Request& request, const std::string& value);

/// KEY=VALUE.
Status add_annotation(Request& request, const std::string& value);

}  // namespace berth::request
