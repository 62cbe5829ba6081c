// SPDX-License-Identifier: Apache-2.0
// What every program of an image reads when it starts: its loader, the C library, and the links and
// directories on the way to them. The server finds out where their bytes lie; the launcher may copy
// them from there to memory, which costs less than asking the server for them page by page.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::serve {

struct StartFile {
  enum class Kind : std::uint8_t { directory, link, file };

  std::string path;  ///< below the root, normal: no empty part, no "." and no ".."
  Kind kind = Kind::directory;
  std::uint16_t mode = 0;    ///< permission bits; no set-user-id and no set-group-id
  std::uint32_t mtime = 0;   ///< seconds since 1970
  std::string target = {};   ///< of a link
  std::uint64_t offset = 0;  ///< of a file: where in the image its bytes lie, as they are
  std::uint64_t size = 0;

  bool operator==(const StartFile&) const = default;
};

constexpr std::size_t kMostStartFiles = 64;
constexpr std::uint64_t kMostStartBytes = 16 << 20;  ///< of all files together

/// The list as it travels from the server to the launcher.
std::string to_bytes(const std::vector<StartFile>& files);

/// What the server sent, believed only where it is harmless: few entries, each below a directory
/// that comes before it, none twice, no bytes outside an image of `image_size` bytes.
Result<std::vector<StartFile>> parse_start_files(std::string_view bytes, std::uint64_t image_size);

}  // namespace berth::serve
