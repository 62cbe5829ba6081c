// SPDX-License-Identifier: Apache-2.0
// How the words of a command line become options, for every verb of the launcher: --name VALUE,
// --name=VALUE, -n VALUE, -nVALUE. Pure. No third-party library: the Slurm plugin links this.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::request {

struct OptionWord {
  std::string_view name;   ///< without dashes
  char letter = 0;         ///< short form, 0 for none
  std::string_view value;  ///< what stands for the value in help; empty for a switch, and in
                           ///< "[=...]" for one that may have a value behind '='
  std::string_view help;   ///< empty: not for people, and no option of a command line
};

/// An option as it was given.
struct GivenOption {
  std::size_t row = 0;
  std::string value;
};

/// Whether `word` is an option, or "--".
bool looks_like_option(std::string_view word);

/// Reads the option at `words[at]`, and its value from the next word if needed; `at` is behind it
/// then. Of letters that stand together, as "-it", all but the last are switches. `verb`, say
/// "berth run", is for messages.
Result<std::vector<GivenOption>> read_options(const std::vector<OptionWord>& table,
                                              std::string_view verb,
                                              const std::vector<std::string>& words,
                                              std::size_t& at);

/// Reads options up to the first other word, "--" or help. A Row has an OptionWord and `apply`;
/// a Target is what the options change, and has `help_only`.
template <class Row, class Target>
Status take_options(const std::vector<Row>& rows,
                    std::string_view verb,
                    const std::vector<std::string>& words,
                    std::size_t& at,
                    Target& target) {
  const std::vector<OptionWord> table(rows.begin(), rows.end());
  while (at < words.size() && looks_like_option(words[at])) {
    if (words[at] == "--") {
      ++at;
      break;
    }
    const auto given = read_options(table, verb, words, at);
    if (!given) return given.error();
    for (const GivenOption& option : *given)
      BERTH_TRY(rows[option.row].apply(target, option.value));
    if (target.help_only) break;
  }
  return Done{};
}

}  // namespace berth::request
