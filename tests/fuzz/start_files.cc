// SPDX-License-Identifier: Apache-2.0
// Any bytes as a server's list of start files: what is believed stays within the image and below
// directories of the list, and says the same again.
#include "image/serve/start_files.h"

#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  using berth::serve::StartFile;
  constexpr std::uint64_t kImage = 1 << 20;
  const std::string bytes(data, data + size);
  const auto files = berth::serve::parse_start_files(bytes, kImage);
  if (!files) return 0;
  std::set<std::string> directories = {""};
  for (const StartFile& file : *files) {
    const std::size_t slash = file.path.rfind('/');
    require(directories.count(slash == std::string::npos ? "" : file.path.substr(0, slash)) == 1);
    require(("/" + file.path + "/").find("/../") == std::string::npos);
    if (file.kind == StartFile::Kind::directory) directories.insert(file.path);
    if (file.kind == StartFile::Kind::file) require(file.offset + file.size <= kImage);
  }
  const auto again = berth::serve::parse_start_files(berth::serve::to_bytes(*files), kImage);
  require(again && *again == *files);
  return 0;
}
