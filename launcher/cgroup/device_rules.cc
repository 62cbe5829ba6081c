// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/device_rules.h"

#include "base/text.h"

#include <algorithm>
#include <vector>

namespace berth::cgroup {

namespace {

/// "c 1:3 rw".
struct Scope {
  bool is_of_all = false;
  std::string kind = {};
  std::string major = {};
  std::string minor = {};
  std::string access = {};

  [[nodiscard]] bool has_same_devices(const Scope& other) const {
    return kind == other.kind && major == other.major && minor == other.minor;
  }
};

struct Rule {
  bool allows = false;
  Scope scope;
};

Scope scope_of(const std::string& text) {
  const auto words = split(text, ' ');
  if (words.size() < 3) return {.is_of_all = true};
  const auto numbers = split(words[1], ':');
  return {false, words[0], numbers[0], numbers.size() > 1 ? numbers[1] : "*", words[2]};
}

Rule rule_of(const std::string& text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  return {text.substr(0, blank) == "allow",
          scope_of(text.substr(std::min(blank + 1, text.size())))};
}

bool meet(const std::string& one, const std::string& other) {
  return one == "*" || other == "*" || one == other;
}

bool overlap(const Scope& one, const Scope& other) {
  if (one.is_of_all || other.is_of_all) return true;
  return one.kind == other.kind && meet(one.major, other.major) && meet(one.minor, other.minor) &&
         one.access.find_first_of(other.access) != std::string::npos;
}

}  // namespace

std::optional<Clash> find_clash(std::span<const std::string> rules) {
  std::vector<Rule> all;
  for (const std::string& rule : rules)
    all.push_back(rule_of(rule));
  // One about everything sets the default, and clears the list.
  std::size_t begin = all.size();
  while (begin > 0 && !all[begin - 1].scope.is_of_all)
    --begin;
  for (std::size_t later = begin; later < all.size(); ++later) {
    // Against the default it becomes an exception, whatever was before; only with it does it take
    // exceptions away. Without such a rule the default is that of the group above.
    const bool may_remove = begin == 0 || all[later].allows == all[begin - 1].allows;
    for (std::size_t earlier = begin; may_remove && earlier < later; ++earlier)
      if (all[earlier].allows != all[later].allows &&
          overlap(all[earlier].scope, all[later].scope) &&
          !all[earlier].scope.has_same_devices(all[later].scope))
        return Clash{earlier, later};
  }
  return std::nullopt;
}

std::string still_allowed(std::string_view list, const std::string& rule) {
  const Scope denied = scope_of(rule);
  for (const std::string& line : split(list, '\n')) {
    if (line.starts_with("a ")) return {};
    if (!line.empty() && overlap(scope_of(line), denied)) return line;
  }
  return {};
}

}  // namespace berth::cgroup
