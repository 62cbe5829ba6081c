// SPDX-License-Identifier: Apache-2.0
#include "image/registry/challenge.h"

#include <algorithm>
#include <optional>

namespace berth::registry {

namespace {

constexpr std::size_t kMostChallenges = 16;
constexpr std::size_t kMostParameters = 32;

/// RFC 9110, section 5.6.2.
bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::vector<Challenge> parse() {
    std::vector<Challenge> challenges;
    skip_separators();
    while (!rest_.empty() && challenges.size() < kMostChallenges) {
      Challenge challenge;
      challenge.scheme = lower(take_token());
      if (challenge.scheme.empty()) break;
      const bool is_whole = take_parameters(challenge);
      challenges.push_back(std::move(challenge));
      if (!is_whole) break;
    }
    return challenges;
  }

 private:
  static std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
  }

  void skip_space() {
    const std::size_t begin = rest_.find_first_not_of(" \t");
    rest_.remove_prefix(std::min(begin, rest_.size()));
  }

  void skip_separators() {
    const std::size_t begin = rest_.find_first_not_of(" \t,");
    rest_.remove_prefix(std::min(begin, rest_.size()));
  }

  std::string take_token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
    const auto length = static_cast<std::size_t>(end - rest_.begin());
    std::string token(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return token;
  }

  /// A token, or a text in double quotes with backslashes.
  std::optional<std::string> take_value() {
    if (!rest_.starts_with('"')) return take_token();
    rest_.remove_prefix(1);
    std::string value;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return std::nullopt;
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return std::nullopt;
    rest_.remove_prefix(1);
    return value;
  }

  /// "a=b, c=d" up to the next scheme, which is a token without a '='. False when broken.
  bool take_parameters(Challenge& challenge) {
    skip_separators();
    while (!rest_.empty()) {
      const std::string_view before = rest_;
      const std::string name = lower(take_token());
      if (name.empty()) return false;
      skip_space();
      if (!rest_.starts_with('=')) {
        rest_ = before;
        return true;
      }
      rest_.remove_prefix(1);
      skip_space();
      auto value = take_value();
      if (!value || challenge.parameters.size() >= kMostParameters) return false;
      challenge.parameters.emplace(name, std::move(*value));
      skip_separators();
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string Challenge::get(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  return Parser(header).parse();
}

}  // namespace berth::registry
