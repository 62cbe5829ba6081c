// SPDX-License-Identifier: Apache-2.0
// Any text as an environment file: what is accepted makes a request that says the same again when
// it travels as text, or an error with words.
#include "launcher/request/environment_file.h"

#include "launcher/request/request_text.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  const auto file =
      berth::request::parse_environment_file(std::string(data, data + size), "e.yaml", "/f");
  if (!file) {
    require(!file.error().goal.empty());
    return 0;
  }
  require(!file->image.empty());
  berth::Request request;
  require(static_cast<bool>(berth::request::apply(*file, request)));
  request.image = file->image;
  const std::string text = berth::request::to_text(request);
  const auto again = berth::request::parse_request_text(text);
  // Escaping makes a text longer, so that one near the limit may not come back.
  require(again ? berth::request::to_text(*again) == text : text.size() > std::size_t{128} * 1024);
  return 0;
}
