// SPDX-License-Identifier: Apache-2.0
// What the verbs of `berth image` have in common: a few options without values, and their help.
#pragma once

#include "image/cli/words.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

struct Flags {
  bool is_json = false;
  bool force = false;
  bool help = false;
};

constexpr Option<Flags> kJson = {
    "--json", 0, "", "for programs: one JSON document", turn_on<Flags, &Flags::is_json>};

constexpr Option<Flags> kHelp = {"--help", 'h', "", "this text", turn_on<Flags, &Flags::help>};

/// "--force" with the help that fits the verb.
constexpr Option<Flags> force_option(std::string_view help) {
  return {"--force", 'f', "", help, turn_on<Flags, &Flags::force>};
}

/// How a verb presents itself.
struct VerbText {
  std::string_view usage;  ///< "berth image inspect [OPTIONS] IMAGE"
  std::string_view about;  ///< a sentence or two, with newlines
  std::size_t fewest = 0;  ///< operands
  std::size_t most = 0;
};

/// The text of `berth image VERB --help`.
template <class T>
std::string help_of(const VerbText& text, std::span<const Option<T>> table) {
  std::string help =
      "Usage: " + std::string(text.usage) + "\n\n" + std::string(text.about) + "\nOptions\n";
  for (const Option<T>& option : table)
    help += line_for(option.text());
  return help;
}

/// A usage error when there are too few or too many operands.
Status check_count(const VerbText& text, const std::vector<std::string>& operands);

/// Parses `words`; the operands, which are as many as `text` says unless help was asked for.
template <class T>
Result<std::vector<std::string>> parse_verb(const VerbText& text,
                                            T& options,
                                            std::span<const Option<T>> table,
                                            const std::vector<std::string>& words) {
  const std::string_view verb = text.usage.substr(0, text.usage.find(" ["));
  auto operands = parse_words<T>(options, table, words, std::string(verb));
  if (!operands || options.help) return operands;
  BERTH_TRY(check_count(text, *operands));
  return operands;
}

}  // namespace berth::cli
