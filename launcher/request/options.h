// SPDX-License-Identifier: Apache-2.0
// The one table of `berth run`'s options. Command line, help, Request text and the Slurm plugin
// all read it; a new option is one row. No third-party library: the plugin links this.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"
#include "launcher/request/option_words.h"

#include <string>
#include <vector>

namespace berth::request {

struct Option : OptionWord {
  Status (*apply)(Request& request, const std::string& value);
  std::vector<std::string> (*values_of)(const Request& request);  ///< one per occurrence
};

/// Every row, in the order of help.
const std::vector<Option>& options();

/// Those that a file would make of no use: whoever gives them means this one time.
bool is_for_one_time(std::string_view name);

/// Reads `[OPTIONS] IMAGE [--] [COMMAND…]`; options end at the image. `request` is what others have
/// settled before.
Result<Request> parse_command_line(const std::vector<std::string>& words, Request request = {});

/// The options of such a command line, as they were given.
Result<std::vector<GivenOption>> options_given_in(const std::vector<std::string>& words);

/// "64M", "1.5G" is refused: whole numbers with K, M, G or T (1024-based), or bytes.
Result<std::uint64_t> parse_size(const std::string& text);

}  // namespace berth::request
