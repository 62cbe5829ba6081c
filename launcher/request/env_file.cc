// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/env_file.h"

#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <iterator>

namespace berth::request {

namespace {

bool is_file(const EnvChange& change) {
  return change.kind == EnvChange::Kind::file;
}

}  // namespace

Result<std::vector<EnvChange>> read_env_file(const std::string& path) {
  auto text = read_text_file(path, 1 << 20);
  if (!text) return std::move(text.error());
  std::vector<EnvChange> changes;
  unsigned number = 0;
  for (std::string& line : split(*text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '=' || line.find('\0') != std::string::npos)
      return Error{Blame::config,
                   "use line " + std::to_string(number) + " of " + quote(path) + " as a variable",
                   {},
                   "write NAME=VALUE"};
    const bool has_value = line.find('=') != std::string::npos;
    changes.push_back(
        {has_value ? EnvChange::Kind::set : EnvChange::Kind::take, std::move(line), path, number});
  }
  return changes;
}

Status read_env_files(std::vector<EnvChange>& changes, std::size_t& preset) {
  if (std::none_of(changes.begin(), changes.end(), is_file)) return Done{};
  std::vector<EnvChange> all;
  const std::size_t before = preset;
  std::size_t number = 0;
  for (EnvChange& change : changes) {
    if (number++ == before) preset = all.size();
    if (!is_file(change)) {
      all.push_back(std::move(change));
      continue;
    }
    auto more = read_env_file(change.text);
    if (!more) return std::move(more.error());
    std::move(more->begin(), more->end(), std::back_inserter(all));
  }
  if (number <= before) preset = all.size();
  changes = std::move(all);
  return Done{};
}

}  // namespace berth::request
