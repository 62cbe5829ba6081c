// SPDX-License-Identifier: Apache-2.0
// Any text as a launch profile and as the list in an image. What is read says the same again, no
// message has a byte that moves a cursor, and no range leaves the file.
#include "image/profile/profile.h"
#include "tests/fuzz/require.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using berth::fuzz::require;
using namespace berth::profile;  // NOLINT(google-build-using-namespace): all of it is tried

constexpr Stamp kStamp{1000, 800, 42};

void try_record(const std::string& text) {
  const auto touches = parse_record(text, kStamp, "p");
  if (!touches) {
    const std::string said = berth::to_text(touches.error());
    require(std::none_of(said.begin(), said.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
    }));
    return;
  }
  std::string again = first_line(kStamp);
  for (const Touch& touch : *touches)
    again += line_of(touch);
  const auto reread = parse_record(again, kStamp, "p");
  require(reread && *reread == *touches);
}

void try_list(const std::string& text) {
  const auto ranges = parse_list(text, kStamp);
  require(parse_list(make_list(kStamp, ranges, 0), kStamp) == ranges);
  std::uint64_t left = 500;
  for (const Range& range : clipped(ranges, kStamp.bytes_used, left)) {
    require(range.bytes > 0 && range.bytes <= left);
    require(range.offset + range.bytes <= kStamp.bytes_used);
    left -= range.bytes;
  }
  const auto once = joined(ranges);
  require(joined(once) == once);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  try_record(text);
  try_list(text);
  return 0;
}
