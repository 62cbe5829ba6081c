// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/slurm_words.h"

#include "base/text.h"
#include "launcher/request/options.h"

#include <algorithm>
#include <array>
#include <vector>

namespace berth::request {

namespace {

bool is_of_name(char c) {
  return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_option_of_steps(std::string_view name) {
  return std::any_of(options().begin(), options().end(), [&](const Option& option) {
    return option.name == name && is_for_steps(option);
  });
}

/// Whether `before` ends in "berth VERB " or "srun ": then an option is that command's.
bool ends_in_command(std::string_view before) {
  if (!before.ends_with(' ')) return false;
  const std::vector<std::string> words = split(before.substr(0, before.size() - 1), ' ');
  return words.back() == "srun" || (words.size() > 1 && words[words.size() - 2].ends_with("berth"));
}

}  // namespace

bool is_for_steps(const OptionWord& option) {
  static constexpr std::array<std::string_view, 6> kOthers = {
      "help", "name", "detach", "rm", "tty", "interactive"};
  return !option.help.empty() &&
         std::find(kOthers.begin(), kOthers.end(), option.name) == kOthers.end();
}

std::string in_slurms_words(std::string text) {
  constexpr std::string_view kDashes = "--";
  for (std::size_t at = text.find(kDashes); at != std::string::npos; at = text.find(kDashes, at)) {
    const bool begins = at == 0 || !is_of_name(text[at - 1]);
    at += kDashes.size();
    std::size_t end = at;
    while (end < text.size() && is_of_name(text[end]))
      ++end;
    const std::string_view all = text;
    if (begins && is_option_of_steps(all.substr(at, end - at)) &&
        !ends_in_command(all.substr(0, at - kDashes.size()))) {
      text.insert(at, kSlurmPrefix);
      end += kSlurmPrefix.size();
    }
    at = end;
  }
  return text;
}

}  // namespace berth::request
