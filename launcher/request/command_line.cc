// SPDX-License-Identifier: Apache-2.0
// `berth run`'s words -> Request. Pure.
#include "launcher/request/options.h"

namespace berth::request {

Result<Request> parse_command_line(const std::vector<std::string>& words, Request request) {
  std::size_t at = 0;
  BERTH_TRY(take_options(options(), "berth run", words, at, request));
  if (request.help_only) return request;
  // Who is where on a node depends on no image.
  if (at == words.size() && request.drawing != Drawing::none) return request;
  if (at == words.size() || words[at].empty())
    return Error{Blame::usage, "run without an image", {}, "write berth run IMAGE [COMMAND...]"};
  request.image = words[at++];
  if (at < words.size() && words[at] == "--") ++at;
  request.command.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  return request;
}

Result<std::vector<GivenOption>> options_given_in(const std::vector<std::string>& words) {
  const std::vector<OptionWord> table(options().begin(), options().end());
  std::vector<GivenOption> given;
  std::size_t at = 0;
  while (at < words.size() && looks_like_option(words[at]) && words[at] != "--") {
    const auto options = read_options(table, "berth run", words, at);
    if (!options) return options.error();
    given.insert(given.end(), options->begin(), options->end());
  }
  return given;
}

}  // namespace berth::request
