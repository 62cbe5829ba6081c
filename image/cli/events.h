// SPDX-License-Identifier: Apache-2.0
// What --json prints: one JSON object on each line. The names and meanings of its members are
// documented in berth-import(1) and stay; members may be added. Pure.
#pragma once

#include "base/error.h"
#include "image/cli/pace.h"
#include "image/cli/summary.h"

#include <string>

namespace berth::cli {

/// `seconds` since the import began.
std::string progress_event(const Pace& pace, double seconds);

/// The last event of an import that went well.
std::string result_event(const Summary& summary);

/// The last event of one that another process did for us: `summary` has its source, output,
/// digest and size.
std::string shared_event(const Summary& summary);

/// The last event of one that did not; `status` is the exit status.
std::string error_event(const Error& error, int status);

/// The last event of one that signal `number` stopped.
std::string stopped_event(int number);

}  // namespace berth::cli
