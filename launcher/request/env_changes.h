// SPDX-License-Identifier: Apache-2.0
// --env, --env-file, --env-prepend, --env-append, --unset-env: changes to the program's variables,
// in one list, because a later one sees what earlier ones have done. Pure. No third-party library:
// the Slurm plugin links this.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::request {

/// Each takes the value of the option that it stands for, and adds a change. What has no name to
/// change is refused (Blame::usage).
Status set_variable(Request& request, const std::string& value);
Status add_env_file(Request& request, const std::string& value);
Status prepend_to_variable(Request& request, const std::string& value);
Status append_to_variable(Request& request, const std::string& value);
Status unset_variable(Request& request, const std::string& value);

/// --explain-env: a name without '='.
Status set_explained_variable(Request& request, const std::string& value);

/// A change in a request's text: the name of its option, '=', and the option's value.
Status take_env_change(Request& request, const std::string& text);

/// All changes, in order, as take_env_change() reads them. Where they stood is left out.
std::vector<std::string> env_change_texts(const Request& request);

}  // namespace berth::request
