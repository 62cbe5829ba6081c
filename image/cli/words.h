// SPDX-License-Identifier: Apache-2.0
// The words of a verb: options from a table, which also makes the help, and operands. Pure.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

/// An option as its table and the help have it.
struct OptionText {
  std::string_view name;   ///< "--output"
  char letter = 0;         ///< 'o' for "-o"; 0: it has none
  std::string_view value;  ///< what the help calls its value; empty: it takes none
  std::string_view help;
};

/// A row of a verb's table. `T` is the verb's struct of options.
template <class T>
struct Option {
  std::string_view name;
  char letter = 0;
  std::string_view value;
  std::string_view help;
  Status (*apply)(T& options, const std::string& value);

  [[nodiscard]] constexpr OptionText text() const { return {name, letter, value, help}; }
};

/// What an option without a value does, for Option::apply: turn_on<Flags, &Flags::force>.
template <class T, bool T::*kField>
Status turn_on(T& options, const std::string& /*value*/) {
  options.*kField = true;
  return Done{};
}

/// A word that begins with '-', taken apart.
struct OptionWord {
  std::string name;
  std::optional<std::string> value;
};

/// "--name=value", "--name", "-x", and "-xvalue" with the value close by.
OptionWord take_apart(const std::string& word);

bool is_named(const OptionText& option, const std::string& name);

/// The help's line for an option, with its newline.
std::string line_for(const OptionText& option);

/// `verb` is how people write it: "berth import".
Error unknown_option(const std::string& name,
                     const std::vector<std::string>& known,
                     const std::string& verb);

/// The value of `option`, taken from `word` or from the next of `words`, over which `at` moves.
/// Empty only where it takes none.
Result<std::string> value_for(const OptionText& option,
                              const OptionWord& word,
                              const std::vector<std::string>& words,
                              std::size_t& at);

template <class T>
Status apply_word(T& options,
                  std::span<const Option<T>> table,
                  const std::vector<std::string>& words,
                  std::size_t& at,
                  const std::string& verb) {
  const OptionWord word = take_apart(words[at]);
  std::vector<std::string> known;
  known.reserve(table.size());
  for (const Option<T>& option : table) {
    known.emplace_back(option.name);
    if (!is_named(option.text(), word.name)) continue;
    const auto value = value_for(option.text(), word, words, at);
    if (!value) return value.error();
    return option.apply(options, *value);
  }
  return unknown_option(word.name, known, verb);
}

/// Applies the options among `words` and returns the operands. After "--" everything is one.
template <class T>
Result<std::vector<std::string>> parse_words(T& options,
                                             std::span<const Option<T>> table,
                                             const std::vector<std::string>& words,
                                             const std::string& verb) {
  std::vector<std::string> operands;
  bool is_over = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (is_over || words[at].size() < 2 || words[at].front() != '-') {
      operands.push_back(words[at]);
    } else if (words[at] == "--") {
      is_over = true;
    } else {
      BERTH_TRY(apply_word(options, table, words, at, verb));
    }
  }
  return operands;
}

}  // namespace berth::cli
