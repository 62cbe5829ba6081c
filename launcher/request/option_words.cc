// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/option_words.h"

#include "base/text.h"

#include <algorithm>

namespace berth::request {

namespace {

using Table = std::vector<OptionWord>;

Table::const_iterator find_long(const Table& table, std::string_view name) {
  // Rows without help are not for people: the Slurm plugin's text may carry them, a shell may not.
  return std::find_if(table.begin(), table.end(), [&](const OptionWord& option) {
    return option.name == name && !option.help.empty();
  });
}

Table::const_iterator find_letter(const Table& table, char letter) {
  return std::find_if(table.begin(), table.end(), [&](const OptionWord& option) {
    return option.letter == letter;
  });
}

Error unknown(const Table& table, std::string_view verb, const std::string& word) {
  std::vector<std::string> names;
  for (const OptionWord& option : table)
    if (!option.help.empty()) names.push_back("--" + std::string(option.name));
  const std::string near = nearest(word.substr(0, word.find('=')), names);
  return Error{
      Blame::usage,
      "understand the option " + quote(word),
      {},
      near.empty() ? "see " + std::string(verb) + " --help" : "did you mean " + near + "?"};
}

/// What stands in one option word: the row, and the value if it is part of the word.
struct Word {
  Table::const_iterator option;
  bool has_value = false;
  std::string value = {};
};

Word read_word(const Table& table, const std::string& word) {
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    const auto option = find_long(table, std::string_view(word).substr(2, equals - 2));
    if (equals == std::string::npos) return {option};
    return {option, true, word.substr(equals + 1)};
  }
  const auto option = find_letter(table, word[1]);
  if (word.size() == 2) return {option};
  return {option, true, word.substr(word[2] == '=' ? 3 : 2)};
}

}  // namespace

bool looks_like_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
}

Result<GivenOption> read_option(const std::vector<OptionWord>& table,
                                std::string_view verb,
                                const std::vector<std::string>& words,
                                std::size_t& at) {
  Word word = read_word(table, words[at]);
  if (word.option == table.end()) return unknown(table, verb, words[at]);
  const OptionWord& option = *word.option;
  const std::string shown = "--" + std::string(option.name);
  if (option.value.empty() && word.has_value)
    return Error{Blame::usage, "give " + quote(shown) + " a value", {}, "it is a switch"};
  if (!option.value.empty() && !word.has_value) {
    if (at + 1 >= words.size())
      return Error{Blame::usage,
                   "use " + quote(shown) + " without a value",
                   {},
                   "write " + shown + " " + std::string(option.value)};
    word.value = words[++at];
  }
  ++at;
  return GivenOption{static_cast<std::size_t>(word.option - table.begin()), std::move(word.value)};
}

}  // namespace berth::request
