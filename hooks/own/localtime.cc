// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "hooks/own/own.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

namespace berth::hooks {

namespace {

constexpr std::size_t kLargestZone = 64UL << 10;
constexpr std::string_view kMagic = "TZif";  // RFC 8536, "TZif Header"

/// A zone that is UTC for ever, version 1 of the format.
std::string utc() {
  constexpr std::size_t kSize = 54;  // the header, one type of time, and its letters
  constexpr std::size_t kTypes = 39;
  constexpr std::size_t kLetters = 43;
  std::string zone(kSize, '\0');
  zone.replace(0, kMagic.size(), kMagic);
  zone[kTypes] = 1;
  zone[kLetters] = 4;
  zone.replace(kSize - 4, 3, "UTC");
  return zone;
}

/// "Europe/Berlin", by where the link leads; empty where it is none, or leads elsewhere.
std::string linked_name(const std::string& link) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size < 0) return {};
  const std::string text(target.data(), static_cast<std::size_t>(size));
  constexpr std::string_view kZones = "/zoneinfo/";
  const std::size_t at = text.find(kZones);
  return at == text.npos ? "" : text.substr(at + kZones.size());
}

/// What the time zone is called: the link says it everywhere, the other file on Debian.
std::string name_of_zone(const std::string& root) {
  if (std::string name = linked_name(root + "/etc/localtime"); !name.empty()) return name;
  constexpr std::size_t kLongest = 256;
  const auto text = read_text_file(root + "/etc/timezone", kLongest);
  return text ? text->substr(0, text->find('\n')) : "";
}

}  // namespace

Result<Edits> find_localtime(const std::string& root) {
  Edits edits{.who = "localtime"};
  const std::string path = root + "/etc/localtime";
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    edits.says = "UTC: this node has no /etc/localtime";
    edits.files = {{"/etc/localtime", utc()}, {"/etc/timezone", "Etc/UTC\n"}};
    return edits;
  }
  auto zone = read_text_file(path, kLargestZone);
  if (!zone) return std::move(zone.error());
  if (!zone->starts_with(kMagic))
    return Error{Blame::host,
                 "take this node's time zone: " + quote(path) + " is no file of time zones",
                 {},
                 "leave it out: --no-hook=localtime"};
  const std::string name = name_of_zone(root);
  edits.says = name.empty() ? "this node's time zone" : name;
  edits.files = {{"/etc/localtime", std::move(*zone)}};
  if (!name.empty()) edits.files.push_back({"/etc/timezone", name + "\n"});
  return edits;
}

}  // namespace berth::hooks
