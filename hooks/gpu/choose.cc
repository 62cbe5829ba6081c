// SPDX-License-Identifier: Apache-2.0
#include "hooks/gpu/choose.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>

#include <algorithm>
#include <memory>

namespace berth::hooks {

namespace {

constexpr std::size_t kLargestFile = 64UL << 10;

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string which_there_are(const std::vector<std::string>& names) {
  std::string text = "this node has ";
  for (std::size_t number = 0; number < names.size(); ++number)
    text += (number == 0 ? "" : ", ") + std::to_string(number) + " (" + names[number] + ")";
  return text;
}

}  // namespace

Result<std::vector<std::size_t>> choose_gpus(const WantedGpus& wanted,
                                             const std::vector<std::string>& names) {
  std::vector<std::size_t> chosen;
  if (wanted.all)
    for (std::size_t number = 0; number < names.size(); ++number)
      chosen.push_back(number);
  for (const std::string& word : wanted.names) {
    std::size_t number = 0;
    while (number < names.size() && names[number] != word && std::to_string(number) != word)
      ++number;
    if (number == names.size())
      return Error{Blame::config,
                   "find the GPU " + quote(word) + " on this node",
                   {},
                   which_there_are(names)};
    if (std::find(chosen.begin(), chosen.end(), number) == chosen.end()) chosen.push_back(number);
  }
  return chosen;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(directory.c_str()), ::closedir);
  if (!list) return names;
  while (const dirent* entry = ::readdir(list.get()))  // NOLINT(concurrency-mt-unsafe): one thread
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  // Of plain numbers the shorter is the smaller.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    const bool are_numbers = (a + b).find_first_not_of("0123456789") == std::string::npos;
    return are_numbers && a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
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
