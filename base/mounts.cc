// SPDX-License-Identifier: Apache-2.0
#include "base/mounts.h"

#include "base/file.h"
#include "base/text.h"

#include <algorithm>

namespace berth {

namespace {

constexpr std::size_t kMostBytes = 16UL << 20;
constexpr std::size_t kMountPoint = 4;  ///< which field it is

bool is_octal(std::string_view text) {
  return text.size() == 3 && text.find_first_not_of("01234567") == std::string_view::npos;
}

/// "\040" is a blank.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view digits = text.substr(at + 1).substr(0, 3);
    if (text[at] == '\\' && is_octal(digits)) {
      plain += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0');
      at += digits.size();
    } else {
      plain += text[at];
    }
  }
  return plain;
}

}  // namespace

std::vector<Mount> parse_mounts(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() <= kMountPoint) continue;
    Mount mount{unescaped(fields[kMountPoint]), {}, {}};
    // Behind the optional fields, which a "-" ends: the kind, then the source.
    const auto dash = std::find(fields.begin() + kMountPoint + 1, fields.end(), "-");
    if (fields.end() - dash > 2) {
      mount.kind = unescaped(*(dash + 1));
      mount.source = unescaped(*(dash + 2));
    }
    if (mount.point.starts_with('/')) mounts.push_back(std::move(mount));
  }
  return mounts;
}

Result<std::vector<Mount>> read_mounts(const std::string& path) {
  const auto text = read_text_file(path, kMostBytes);
  if (!text) return text.error();
  return parse_mounts(*text);
}

}  // namespace berth
