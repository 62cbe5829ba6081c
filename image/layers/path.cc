// SPDX-License-Identifier: Apache-2.0
#include "image/layers/path.h"

#include "base/text.h"
#include "image/layers/entry.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace berth::layers {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kMeta = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

constexpr std::size_t kShownName = 200;  // of a name that may have a megabyte

Error refuse(std::string_view raw, const std::string& why) {
  return Error{Blame::image, "use the entry " + quote_start(raw) + ": " + why};
}

/// A mark's name is longer than what it deletes.
bool is_too_long(std::string_view part, bool is_last) {
  if (is_last && part.starts_with(kWhiteout)) part.remove_prefix(kWhiteout.size());
  return part.size() > kLongestName;
}

}  // namespace

Result<std::string> parse_path(std::string_view raw) {
  std::string path;
  for (std::string_view rest = raw; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse(raw, "its path has '..' in it");
    if (is_too_long(part, rest.find_first_not_of("/.") == std::string_view::npos))
      return refuse(raw, "a name is longer than 255 bytes");
    if (!path.empty()) path += '/';
    path += part;
  }
  if (path.size() > kLongestPath) return refuse(raw, "its path is longer than 4095 bytes");
  return path;
}

std::string quote_start(std::string_view name) {
  return name.size() <= kShownName ? quote(name) : quote(name.substr(0, kShownName)) + "...";
}

Split split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<Mark> parse_mark(std::string_view path) {
  const auto [folder, name] = split_path(path);
  if (name == kOpaque) return Mark{Mark::Kind::opaque, std::string(folder)};
  if (name.starts_with(kMeta) || path.starts_with(kMeta) ||
      path.find("/" + std::string(kMeta)) != std::string_view::npos)
    return Mark{Mark::Kind::ignored};
  if (folder.starts_with(kWhiteout) || folder.find("/" + std::string(kWhiteout)) != folder.npos)
    return refuse(path, "a whiteout has nothing in it");
  if (!name.starts_with(kWhiteout)) return Mark{};
  const std::string_view deleted = name.substr(kWhiteout.size());
  if (deleted.empty() || deleted == "." || deleted == "..")
    return refuse(path, "it deletes nothing that has a name");
  std::string target(folder);
  if (!target.empty()) target += '/';
  return Mark{Mark::Kind::whiteout, target.append(deleted)};
}

bool is_kept(std::string_view name, Xattrs kept) {
  if (name.size() > kLongestName) return false;
  const auto is_in = [&](std::string_view space) {
    return name.starts_with(space) && name.size() > space.size() &&
           !name.substr(space.size()).starts_with("overlay.");
  };
  return is_in("user.") ||
         (kept == Xattrs::privileged && (is_in("security.") || is_in("trusted.")));
}

std::uint32_t mtime_of(std::int64_t seconds) {
  constexpr std::int64_t kLast = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, kLast));
}

}  // namespace berth::layers
