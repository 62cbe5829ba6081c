// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/name.h"

#include "base/text.h"

#include <algorithm>

namespace berth::state {

namespace {

constexpr std::size_t kLongest = 100;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_part(char c) {
  return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongest && is_alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(), is_part);
}

Status check_name(const std::string& text) {
  if (is_name(text)) return Done{};
  return Error{Blame::usage,
               "call a container " + quote(text),
               {},
               "a name has up to 100 letters, digits, '_', '.' and '-', and begins with one of the "
               "first two"};
}

std::string made_name(const std::string& image, unsigned count) {
  const std::size_t slash = image.rfind('/');
  std::string stem = slash == std::string::npos ? image : image.substr(slash + 1);
  if (stem.ends_with(".sqsh")) stem.resize(stem.size() - 5);
  std::string name;
  for (const char c : stem.substr(0, kLongest / 2))
    if (is_part(c) && (!name.empty() || is_alphanumeric(c))) name += c;
  return (name.empty() ? "container" : name) + "-" + std::to_string(count);
}

}  // namespace berth::state
