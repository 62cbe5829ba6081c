// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/env_file.h"

#include "base/file.h"
#include "base/text.h"

namespace berth::request {

Result<std::vector<std::string>> read_env_file(const std::string& path) {
  auto text = read_text_file(path, 1 << 20);
  if (!text) return std::move(text.error());
  std::vector<std::string> variables;
  unsigned number = 0;
  for (std::string& line : split(*text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '=' || line.find('\0') != std::string::npos)
      return Error{Blame::config,
                   "use line " + std::to_string(number) + " of " + quote(path) + " as a variable",
                   {},
                   "write NAME=VALUE"};
    variables.push_back(std::move(line));
  }
  return variables;
}

}  // namespace berth::request
