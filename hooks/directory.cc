// SPDX-License-Identifier: Apache-2.0
#include "hooks/directory.h"

#include <dirent.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <tuple>

namespace berth::hooks {

namespace {

bool is_number(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

/// Of plain numbers the shorter is the smaller.
std::size_t size_of_number(const std::string& name) {
  return is_number(name) ? name.size() : 0;
}

}  // namespace

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(directory.c_str()), ::closedir);
  if (!list) return names;
  while (const dirent* entry = ::readdir(list.get()))  // NOLINT(concurrency-mt-unsafe): one thread
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::tuple(!is_number(a), size_of_number(a), std::string_view(a)) <
           std::tuple(!is_number(b), size_of_number(b), std::string_view(b));
  });
  return names;
}

}  // namespace berth::hooks
