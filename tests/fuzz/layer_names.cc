// SPDX-License-Identifier: Apache-2.0
// Any bytes as an entry's name: what is accepted stays inside, is the same when it is read again,
// and a whiteout deletes something that has a name.
#include "base/text.h"
#include "image/layers/path.h"
#include "tests/fuzz/require.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using berth::fuzz::require;
using berth::layers::Mark;

/// Below the root, and nowhere else, whoever joins it to something.
void require_inside(const std::string& path) {
  require(path.size() <= berth::layers::kLongestPath);
  if (path.empty()) return;  // the root
  for (const std::string& part : berth::split(path, '/'))
    require(!part.empty() && part != "." && part != "..");
}

/// One line, and not much of a name that has a megabyte.
void require_plain(const berth::Error& error) {
  const std::string text = berth::to_text(error);
  require(text.size() < 1000);
  require(std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string raw(data, data + size);
  const auto path = berth::layers::parse_path(raw);
  if (!path) {
    require_plain(path.error());
    return 0;
  }
  require_inside(*path);
  const auto again = berth::layers::parse_path(*path);
  require(again && *again == *path);
  const auto mark = berth::layers::parse_mark(*path);
  if (!mark) {
    require_plain(mark.error());
    return 0;
  }
  require_inside(mark->path);
  const auto split = berth::layers::split_path(*path);
  const bool is_mark = split.name.starts_with(".wh.");
  if (mark->kind == Mark::Kind::none) require(!is_mark && mark->path.empty());
  if (mark->kind == Mark::Kind::opaque) require(mark->path == split.folder);
  if (mark->kind != Mark::Kind::whiteout) return 0;
  const auto deleted = berth::layers::split_path(mark->path);
  require(is_mark && deleted.folder == split.folder && deleted.name == split.name.substr(4));
  return 0;
}
