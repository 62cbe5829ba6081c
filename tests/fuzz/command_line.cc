// SPDX-License-Identifier: Apache-2.0
// Any words as a command line: what is accepted can also be said by the Request text, and planned.
#include "base/text.h"
#include "launcher/plan/plan.h"
#include "launcher/request/options.h"
#include "launcher/request/request_text.h"
#include "tests/fuzz/require.h"
#include "tests/unit/plan_case.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  const std::vector<std::string> words = berth::split(std::string(data, data + size), '\0');
  const auto request = berth::request::parse_command_line(words);
  if (!request) {
    require(request.error().blame == berth::Blame::usage && !request.error().goal.empty());
    return 0;
  }
  if (request->help_only) return 0;  // there may be no image yet
  require(!request->image.empty() && request->step_key.empty());
  const std::string text = berth::request::to_text(*request);
  const auto again = berth::request::parse_request_text(text);
  if (!again) require(text.size() > std::size_t{128} * 1024);
  if (again) require(*again == *request);
  const auto launch = berth::tests::make_launch(words);
  require(launch.has_value());
  const auto steps = berth::plan::make_plan(*launch);
  if (!steps) require(steps.error().blame == berth::Blame::usage);
  if (steps) require(std::get_if<berth::Execute>(&steps->back()) != nullptr);
  return 0;
}
