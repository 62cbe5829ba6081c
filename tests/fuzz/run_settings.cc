// SPDX-License-Identifier: Apache-2.0
// Any text as the run.conf of a site or a user: what is accepted makes a request that says the same
// again when it travels as text, or an error with words.
#include "launcher/request/run_settings.h"

#include "launcher/request/request_text.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using berth::fuzz::require;

void obey(const berth::request::RunSettings& settings) {
  auto request = berth::request::make_preset_request(settings);
  if (!request) return require(!request.error().goal.empty());
  const auto in_vain = berth::request::apply_rules(settings, {}, *request);
  if (!in_vain) return require(!in_vain.error().goal.empty());
  request->image = "image";
  const std::string text = berth::request::to_text(*request);
  const auto again = berth::request::parse_request_text(text);
  // Escaping makes a text longer, so that one near the limit may not come back.
  if (!again) return require(text.size() > std::size_t{128} * 1024);
  require(berth::request::to_text(*again) == text);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::request::Whose;
  const std::string text(data, data + size);
  berth::request::RunSettings settings;
  for (const Whose whose : {Whose::site, Whose::user}) {
    auto lines = berth::request::parse_run_settings(text, "run.conf", whose);
    if (!lines) {
      require(!lines.error().goal.empty());
      continue;
    }
    (whose == Whose::site ? settings.site : settings.user) = std::move(*lines);
    obey(settings);
  }
  return 0;
}
