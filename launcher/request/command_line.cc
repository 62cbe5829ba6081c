// SPDX-License-Identifier: Apache-2.0
// `berth run`'s words -> Request, by one loop over the option table. Pure.
#include "base/text.h"
#include "launcher/request/options.h"

#include <algorithm>

namespace berth::request {

namespace {

const Option* find_long(std::string_view name) {
  const auto& table = options();
  // Rows without help are not for people: the Slurm plugin's text may carry them, a shell may not.
  const auto row = std::find_if(table.begin(), table.end(), [&](const Option& option) {
    return option.name == name && !option.help.empty();
  });
  return row == table.end() ? nullptr : &*row;
}

const Option* find_letter(char letter) {
  const auto& table = options();
  const auto row = std::find_if(
      table.begin(), table.end(), [&](const Option& option) { return option.letter == letter; });
  return row == table.end() ? nullptr : &*row;
}

Error unknown(const std::string& word) {
  std::vector<std::string> names;
  for (const Option& option : options())
    if (!option.help.empty()) names.push_back("--" + std::string(option.name));
  const std::string near = nearest(word.substr(0, word.find('=')), names);
  return Error{Blame::usage,
               "understand the option " + quote(word),
               {},
               near.empty() ? "see berth run --help" : "did you mean " + near + "?"};
}

/// What stands in one option word: the row, and the value if it is part of the word.
struct Word {
  const Option* option = nullptr;
  bool has_value = false;
  std::string value;
};

Result<Word> read_word(const std::string& word) {
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    const Option* option = find_long(std::string_view(word).substr(2, equals - 2));
    if (option == nullptr) return unknown(word);
    if (equals == std::string::npos) return Word{option, false, {}};
    return Word{option, true, word.substr(equals + 1)};
  }
  const Option* option = find_letter(word[1]);
  if (option == nullptr) return unknown(word);
  if (word.size() == 2) return Word{option, false, {}};
  return Word{option, true, word.substr(word[2] == '=' ? 3 : 2)};
}

/// Takes the option at `words[at]`, and its value from the next word if needed.
Status take_option(const std::vector<std::string>& words, std::size_t& at, Request& request) {
  auto word = read_word(words[at]);
  if (!word) return word.error();
  const Option& option = *word->option;
  const std::string shown = "--" + std::string(option.name);
  if (option.value.empty() && word->has_value)
    return Error{Blame::usage, "give " + quote(shown) + " a value", {}, "it is a switch"};
  if (!option.value.empty() && !word->has_value) {
    if (at + 1 >= words.size())
      return Error{Blame::usage,
                   "use " + quote(shown) + " without a value",
                   {},
                   "write " + shown + " " + std::string(option.value)};
    word->value = words[++at];
  }
  ++at;
  return option.apply(request, word->value);
}

}  // namespace

Result<Request> parse_command_line(const std::vector<std::string>& words) {
  Request request;
  std::size_t at = 0;
  while (at < words.size() && words[at].size() > 1 && words[at].front() == '-') {
    if (words[at] == "--") {
      ++at;
      break;
    }
    BERTH_TRY(take_option(words, at, request));
    if (request.help_only) return request;
  }
  if (at == words.size() || words[at].empty())
    return Error{Blame::usage, "run without an image", {}, "write berth run IMAGE [COMMAND...]"};
  request.image = words[at++];
  if (at < words.size() && words[at] == "--") ++at;
  request.command.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  return request;
}

}  // namespace berth::request
