// SPDX-License-Identifier: Apache-2.0
#include "image/cli/packing.h"

#include "image/profile/profile.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::cli {

namespace {

/// The names by which glibc and musl call their C library and loader.
bool is_of_c_library(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kNames = {
      "libc.so.6", "ld-linux", "ld-musl", "libc.musl"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view begin) {
    return name.starts_with(begin);
  });
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

squash::Writer::Packing packing_for(const std::string& path, unsigned mode) {
  using Packing = squash::Writer::Packing;
  constexpr unsigned kExecutable = 0111;
  const bool starts_every_program = is_of_c_library(last_name(path)) || path == "etc/ld.so.cache";
  if (starts_every_program || path == profile::kListPath) return Packing::plain;
  const bool read_by_launches =
      path.starts_with(".berth/") || path == "etc/passwd" || path == "etc/group";
  return read_by_launches || (mode & kExecutable) != 0 ? Packing::own_block : Packing::shared;
}

bool is_first_read(std::string_view folder, std::string_view name) {
  if (folder == "etc") return name == "ld.so.cache" || name == "passwd" || name == "group";
  return is_of_c_library(name) || folder == ".berth";
}

}  // namespace berth::cli
