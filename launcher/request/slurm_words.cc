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

/// Without what a text has around a word, and its directory.
std::string_view bare(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of("'(\n"), word.size()));
  return word.substr(word.rfind('/') + 1);
}

bool is_command(std::string_view word, std::string_view next) {
  static constexpr std::array<std::string_view, 12> kCommands = {"docker",
                                                                 "flux",
                                                                 "loginctl",
                                                                 "mpiexec",
                                                                 "mpirun",
                                                                 "podman",
                                                                 "salloc",
                                                                 "sbatch",
                                                                 "scontrol",
                                                                 "srun",
                                                                 "systemd-run",
                                                                 "usermod"};
  // Of berth itself messages speak, too: "berth cannot".
  static constexpr std::array<std::string_view, 6> kVerbs = {
      "exec", "image", "import", "mount", "run", "stats"};
  if (word == "berth") return std::find(kVerbs.begin(), kVerbs.end(), next) != kVerbs.end();
  return std::find(kCommands.begin(), kCommands.end(), word) != kCommands.end();
}

/// Whether an option behind `before` is another command's: one is in that part of the sentence.
bool follows_command(std::string_view before) {
  for (std::size_t i = before.size(); i-- > 1;) {
    const bool ends_part = std::string_view(".,:;)\n").find(before[i - 1]) != before.npos;
    if (!ends_part || before[i] != ' ') continue;
    before.remove_prefix(i);
    break;
  }
  const std::vector<std::string> words = split(before, ' ');
  for (std::size_t i = 0; i < words.size(); ++i)
    if (is_command(bare(words[i]), i + 1 < words.size() ? words[i + 1] : "")) return true;
  return false;
}

/// Where the text in quotes that begins at `at` ends; `at` where none does, and where it is an
/// option. A path has '/' in it, but so may the value of an option.
std::size_t end_of_path(std::string_view text, std::size_t at) {
  const bool may_begin = at == 0 || std::string_view(" (\n").find(text[at - 1]) != text.npos;
  if (text[at] != '\'' || !may_begin) return at;
  const std::size_t end = text.find('\'', at + 1);
  if (end == std::string_view::npos) return at;
  const std::string_view inner = text.substr(at + 1, end - at - 1);
  const std::string_view first = inner.substr(0, inner.find('='));
  return first.find('/') != std::string_view::npos ? end : at;
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
  for (std::size_t at = 0; at < text.size(); ++at) {
    at = end_of_path(text, at);
    if (text.compare(at, kDashes.size(), kDashes) != 0) continue;
    const std::size_t begin = at + kDashes.size();
    std::size_t end = begin;
    while (end < text.size() && is_of_name(text[end]))
      ++end;
    const std::string_view all = text;
    if ((at == 0 || !is_of_name(text[at - 1])) &&
        is_option_of_steps(all.substr(begin, end - begin)) && !follows_command(all.substr(0, at))) {
      text.insert(begin, kSlurmPrefix);
      end += kSlurmPrefix.size();
    }
    at = end - 1;
  }
  return text;
}

}  // namespace berth::request
