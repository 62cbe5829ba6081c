// SPDX-License-Identifier: Apache-2.0
#include "image/store/stack.h"

#include "base/text.h"

#include <sys/stat.h>

#include <algorithm>

namespace berth::store {

namespace {

bool is_there(const std::string& name, const Environment& environment) {
  struct stat info {};

  const auto path = find(name, environment);
  return path && ::stat(path->c_str(), &info) == 0;
}

/// Whether all of `text` was found to be names; they are behind those in `names` then.
bool divide(const std::string& text,
            const Environment& environment,
            std::vector<std::string>& names) {
  if (text.empty()) return false;
  if (is_there(text, environment)) {
    names.push_back(text);
    return true;
  }
  for (std::size_t plus = text.rfind('+'); plus != std::string::npos && plus > 0;
       plus = text.rfind('+', plus - 1)) {
    const std::string head = text.substr(0, plus);
    if (!is_there(head, environment)) continue;
    names.push_back(head);
    if (divide(text.substr(plus + 1), environment, names)) return true;
    names.pop_back();
  }
  return false;
}

bool has_empty(const std::vector<std::string>& names) {
  return std::any_of(
      names.begin(), names.end(), [](const std::string& name) { return name.empty(); });
}

}  // namespace

Result<std::vector<Named>> find_stack(const std::string& text, const Environment& environment) {
  std::vector<std::string> names = {text};
  if (text.find('+') != std::string::npos) {
    names.clear();
    // What cannot be divided so is missing somewhere, which is found out below.
    if (!divide(text, environment, names)) names = split(text, '+');
    if (has_empty(names)) names = {text};
  }
  std::vector<Named> found;
  for (const std::string& name : names) {
    auto path = find(name, environment);
    if (!path) return std::move(path.error());
    found.push_back({name, std::move(*path)});
  }
  return found;
}

}  // namespace berth::store
