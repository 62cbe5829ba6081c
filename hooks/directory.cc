// SPDX-License-Identifier: Apache-2.0
#include "hooks/directory.h"

#include <dirent.h>

#include <algorithm>
#include <memory>

namespace berth::hooks {

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

}  // namespace berth::hooks
