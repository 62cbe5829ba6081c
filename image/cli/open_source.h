// SPDX-License-Identifier: Apache-2.0
// Opens what an import was given as SOURCE: what is here, and what a registry has.
#pragma once

#include "base/result.h"
#include "image/cli/options.h"
#include "image/cli/verb.h"
#include "image/settings/settings.h"
#include "image/source/open.h"

namespace berth::cli {

/// Options count before settings, unless the site has locked these. Reads the password from
/// standard input if it was asked to.
Result<source::Image> open_source(const ImportOptions& options,
                                  const source::Reference& reference,
                                  const settings::Settings& settled,
                                  const Machine& machine);

}  // namespace berth::cli
