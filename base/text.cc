// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <numeric>
#include <utility>

namespace berth {

namespace {

/// Letters put in, left out, replaced, or exchanged with their neighbour.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> last;
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

struct Range {
  unsigned first;
  unsigned last;
};

/// Characters that are not seen themselves but change how others are: marks of direction, joiners,
/// line separators (Unicode's categories Cf, Zl and Zp). A name with them can look like another.
constexpr Range kUnseen[] = {{0xad, 0xad},
                             {0x600, 0x605},
                             {0x61c, 0x61c},
                             {0x6dd, 0x6dd},
                             {0x70f, 0x70f},
                             {0x890, 0x891},
                             {0x8e2, 0x8e2},
                             {0x180e, 0x180e},
                             {0x200b, 0x200f},
                             {0x2028, 0x202e},
                             {0x2060, 0x206f},
                             {0xfeff, 0xfeff},
                             {0xfff9, 0xfffb},
                             {0x110bd, 0x110bd},
                             {0x110cd, 0x110cd},
                             {0x13430, 0x1343f},
                             {0x1bca0, 0x1bca3},
                             {0x1d173, 0x1d17a},
                             {0xe0000, 0xe007f}};

bool is_unseen(unsigned character) {
  return std::any_of(std::begin(kUnseen), std::end(kUnseen), [&](const Range& range) {
    return range.first <= character && character <= range.last;
  });
}

/// The length of the character at the start of `text`; 0 when it is no valid UTF-8 (RFC 3629) or
/// one of the control characters, of which U+0080 to U+009F are a second set, or unseen.
std::size_t printable_length(std::string_view text) {
  const auto byte_at = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const unsigned first = byte_at(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  // The least number that needs so many bytes, and the first one that needs more.
  static constexpr unsigned kLeast[] = {0, 0, 0xa0, 0x800, 0x10000};
  static constexpr unsigned kEnd[] = {0, 0, 0x800, 0x10000, 0x110000};
  unsigned character = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(i) & 0xc0U) != 0x80) return 0;
    character = character << 6 | (byte_at(i) & 0x3fU);
  }
  const bool is_surrogate = character >= 0xd800 && character < 0xe000;
  const bool is_valid = first >= 0xc0 && first < 0xf8 && character >= kLeast[length] &&
                        character < kEnd[length] && !is_surrogate && !is_unseen(character);
  return is_valid ? length : 0;
}

}  // namespace

std::string quote(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string quoted = "'";
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    if (length > 0) {
      quoted += text.substr(0, length);
    } else {
      const auto byte = static_cast<unsigned char>(text.front());
      quoted += "\\x";
      quoted += kDigits[byte >> 4];
      quoted += kDigits[byte & 15];
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return quoted + "'";
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string size_text(unsigned long long bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  unsigned unit = 0;
  for (; value >= 1000 && unit < 6; ++unit)
    value /= 1024;
  char text[32];
  const int decimals = unit == 0 || value >= 100 ? 0 : 1;
  (void)std::snprintf(
      text, sizeof text, "%.*f %s", decimals, value, kUnits[unit]);  // fits: 3 digits
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t edits = edits_between(word, candidate);
    if (edits >= fewest) continue;
    fewest = edits;
    best = candidate;
  }
  return best;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

unsigned long long fingerprint(std::string_view text, unsigned long long seed) {
  for (const char c : text) {
    seed ^= static_cast<unsigned char>(c);
    seed *= 0x100000001b3ULL;
  }
  return seed;
}

}  // namespace berth
