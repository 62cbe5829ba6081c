// SPDX-License-Identifier: Apache-2.0
// `berth run`'s words -> Request. Pure.
#include "launcher/request/options.h"

namespace berth::request {

Result<Request> parse_command_line(const std::vector<std::string>& words) {
  Request request;
  std::size_t at = 0;
  BERTH_TRY(take_options(options(), "berth run", words, at, request));
  if (request.help_only) return request;
  if (at == words.size() || words[at].empty())
    return Error{Blame::usage, "run without an image", {}, "write berth run IMAGE [COMMAND...]"};
  request.image = words[at++];
  if (at < words.size() && words[at] == "--") ++at;
  request.command.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  return request;
}

}  // namespace berth::request
