// SPDX-License-Identifier: Apache-2.0
// What went wrong on the web, in people's words. Pure.
#pragma once

#include "base/result.h"
#include "image/registry/http.h"

#include <string>

namespace berth::registry {

/// The error of an exchange that is no success. `what` is "the registry" or "the token server",
/// `host` its name.
Error explain(const Exchange& exchange, const std::string& what, const std::string& host);

/// The registry wants credentials; `source` is whose it has refused, empty when there were none.
Error no_credentials(const std::string& registry, const std::string& source);

/// "100 in 6 hours" of "100;w=21600", as some registries limit pulls; empty for other texts.
std::string limit_text(const std::string& header);

}  // namespace berth::registry
