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

/// How many of a word's letters are switches with a letter behind them, which may be unknown: 1 in
/// "-it", 0 in "--tty" and "-i=t".
std::size_t count_switches(const Table& table, const std::string& word) {
  std::size_t count = 0;
  while (word[1] != '-' && count + 2 < word.size()) {
    const auto option = find_letter(table, word[count + 1]);
    if (option == table.end() || !option->value.empty() || word[count + 2] == '=') break;
    ++count;
  }
  return count;
}

Result<GivenOption> read_word_at(const Table& table,
                                 std::string_view verb,
                                 const std::string& text,
                                 const std::vector<std::string>& words,
                                 std::size_t& at) {
  Word word = read_word(table, text);
  if (word.option == table.end()) return unknown(table, verb, text);
  const OptionWord& option = *word.option;
  const std::string shown = "--" + std::string(option.name);
  if (option.value.empty() && word.has_value)
    return Error{Blame::usage, "give " + quote(shown) + " a value", {}, "it is a switch"};
  const bool may_be_a_switch = option.value.empty() || option.value.starts_with("[=");
  if (!may_be_a_switch && !word.has_value) {
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

}  // namespace

bool looks_like_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
}

Result<std::vector<GivenOption>> read_options(const std::vector<OptionWord>& table,
                                              std::string_view verb,
                                              const std::vector<std::string>& words,
                                              std::size_t& at) {
  std::vector<GivenOption> given;
  std::string text = words[at];
  for (std::size_t switches = count_switches(table, text); switches > 0; --switches) {
    const auto option = find_letter(table, text[1]);
    given.push_back({static_cast<std::size_t>(option - table.begin()), {}});
    text.erase(1, 1);
  }
  auto last = read_word_at(table, verb, text, words, at);
  if (!last) return std::move(last.error());
  given.push_back(std::move(*last));
  return given;
}

}  // namespace berth::request
