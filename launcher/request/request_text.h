// SPDX-License-Identifier: Apache-2.0
// A Request as one line of printable ASCII, for the Slurm plugin to hand to the launcher in the
// environment: "1;image=/a%20b.sqsh;read-only;command=app". The first field is the version; the
// others are rows of the option table, so what the command line can say the text can say.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"
#include "launcher/request/option_words.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::request {

/// Pure; parse_request_text(to_text(r)) gives r back.
std::string to_text(const Request& request);

/// Refuses other versions, unknown names, values that do not parse, and texts over 128 KiB
/// (one string of execve's environment holds no more: execve(2)). `request` is what others have
/// settled before.
Result<Request> parse_request_text(std::string_view text, Request request = {});

/// The options that such a text gives. Of one that does not parse, nothing is promised.
std::vector<GivenOption> options_given_in_text(std::string_view text);

}  // namespace berth::request
