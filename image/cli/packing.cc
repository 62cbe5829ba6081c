// SPDX-License-Identifier: Apache-2.0
#include "image/cli/packing.h"

#include "image/profile/profile.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::cli {

namespace {

/// The names by which glibc and musl call their C library and loader.
bool starts_every_program(std::string_view path) {
  if (path == "etc/ld.so.cache") return true;
  static constexpr std::array<std::string_view, 4> kNames = {
      "libc.so.6", "ld-linux", "ld-musl", "libc.musl"};
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view begin) {
    return name.starts_with(begin);
  });
}

}  // namespace

squash::Writer::Packing packing_for(const std::string& path, unsigned mode) {
  using Packing = squash::Writer::Packing;
  constexpr unsigned kExecutable = 0111;
  if (starts_every_program(path) || path == profile::kListPath) return Packing::plain;
  const bool read_by_launches =
      path.starts_with(".berth/") || path == "etc/passwd" || path == "etc/group";
  return read_by_launches || (mode & kExecutable) != 0 ? Packing::own_block : Packing::shared;
}

}  // namespace berth::cli
