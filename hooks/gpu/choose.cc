// SPDX-License-Identifier: Apache-2.0
#include "hooks/gpu/choose.h"

#include "base/file.h"
#include "base/text.h"

#include <algorithm>

namespace berth::hooks {

namespace {

constexpr std::size_t kLargestFile = 64UL << 10;

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string which_there_are(const std::vector<Gpu>& gpus) {
  std::string text = "this node has ";
  for (std::size_t number = 0; number < gpus.size(); ++number)
    text += (number == 0 ? "" : ", ") + std::to_string(number) + " (" + gpus[number].name + ")";
  return text;
}

}  // namespace

Result<std::vector<Gpu>> choose_gpus(const WantedGpus& wanted, const std::vector<Gpu>& there) {
  if (wanted.all) return there;
  std::vector<Gpu> chosen;
  for (const std::string& word : wanted.names) {
    std::size_t number = 0;
    while (number < there.size() && there[number].name != word && std::to_string(number) != word)
      ++number;
    if (number == there.size())
      return Error{Blame::config,
                   "find the GPU " + quote(word) + " on this node",
                   {},
                   which_there_are(there)};
    const bool is_new = std::none_of(chosen.begin(), chosen.end(), [&](const Gpu& other) {
      return other.number == there[number].number;
    });
    if (is_new) chosen.push_back(there[number]);
  }
  return chosen;
}

std::string names_of(const std::vector<Gpu>& gpus) {
  std::string text;
  for (const Gpu& gpu : gpus)
    text += (text.empty() ? "" : ",") + gpu.name;
  return text;
}

std::string value_in(const std::string& file, const std::string& key, char separator) {
  const auto text = read_text_file(file, kLargestFile);
  if (!text) return {};
  for (const std::string& line : split(*text, '\n')) {
    const auto at = line.find(separator);
    if (at != std::string::npos && trimmed(line.substr(0, at)) == key)
      return trimmed(line.substr(at + 1));
  }
  return {};
}

}  // namespace berth::hooks
