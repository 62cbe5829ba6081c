// SPDX-License-Identifier: Apache-2.0
#include "image/cli/words.h"

#include "base/text.h"

#include <algorithm>

namespace berth::cli {

OptionWord take_apart(const std::string& word) {
  if (!word.starts_with("--")) {
    if (word.size() > 2) return {word.substr(0, 2), word.substr(2)};
    return {word, std::nullopt};
  }
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

bool is_named(const OptionText& option, const std::string& name) {
  return name == option.name || (option.letter != 0 && name == std::string("-") + option.letter);
}

std::string line_for(const OptionText& option) {
  constexpr std::size_t kColumn = 29;
  std::string left = option.letter == 0 ? "      " : std::string("  -") + option.letter + ", ";
  left += std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value);
  left.resize(std::max<std::size_t>(left.size() + 2, kColumn), ' ');
  return left + std::string(option.help) + "\n";
}

Error unknown_option(const std::string& name,
                     const std::vector<std::string>& known,
                     const std::string& verb) {
  const std::string close = nearest(name, known);
  return Error{Blame::usage,
               "understand the option " + quote(name),
               {},
               close.empty() ? "see '" + verb + " --help'" : "did you mean " + quote(close) + "?"};
}

Result<std::string> value_for(const OptionText& option,
                              const OptionWord& word,
                              const std::vector<std::string>& words,
                              std::size_t& at) {
  if (option.value.empty()) {
    if (!word.value) return std::string();
    return Error{Blame::usage, "give " + quote(word.name) + " a value: it takes none"};
  }
  const bool is_here = word.value.has_value();
  if (is_here || at + 1 < words.size()) {
    std::string value = is_here ? *word.value : words[++at];
    // Nothing that an option takes may be empty; a script's unset variable is. Taken for "without
    // the option", it would leave a signature unchecked.
    if (!value.empty()) return value;
    return Error{Blame::usage,
                 "take '' for " + quote(word.name),
                 {},
                 "write " + word.name + " " + std::string(option.value)};
  }
  return Error{Blame::usage,
               "use " + quote(word.name) + " without a value",
               {},
               "write " + word.name + " " + std::string(option.value)};
}

}  // namespace berth::cli
