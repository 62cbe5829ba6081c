// SPDX-License-Identifier: Apache-2.0
// Any text from the environment as a request: what is accepted says the same again, in characters
// that no shell and no Slurm takes for something else.
#include "launcher/request/request_text.h"

#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  std::string input(data, data + size);
  input.resize(input.find('\0') < size ? input.find('\0') : size);  // as the environment has it
  const auto request = berth::request::parse_request_text(input);
  if (!request) {
    require(!request.error().goal.empty());
    return 0;
  }
  const std::string text = berth::request::to_text(*request);
  for (const char c : text)
    require(c > ' ' && c < '\x7f' && std::string("'\"\\$`").find(c) == std::string::npos);
  const auto again = berth::request::parse_request_text(text);
  // Escaping makes a text longer, so that one near the limit may not come back.
  if (!again) require(text.size() > std::size_t{128} * 1024);
  if (again) require(*again == *request && berth::request::to_text(*again) == text);
  return 0;
}
