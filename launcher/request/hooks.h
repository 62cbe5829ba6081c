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

/// Whether the image's MPI is to be replaced, and nobody has left that out.
bool wants_mpi(const Request& request);

/// A directory of hook files, by an absolute path.
Status add_hook_directory(Request& request, const std::string& value);

/// The name of a hook that is not to run.
Status leave_out_hook(Request& request, const std::string& value);

/// KEY=VALUE.
Status add_annotation(Request& request, const std::string& value);

}  // namespace berth::request
