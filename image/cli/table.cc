// SPDX-License-Identifier: Apache-2.0
#include "image/cli/table.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace berth::cli {

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string lines;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] + 2 - row[i].size(), ' ');
    line.resize(line.find_last_not_of(' ') + 1);  // npos + 1 is 0
    lines += line + "\n";
  }
  return lines;
}

std::string plain_text(std::string_view text) {
  std::string quoted = quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string short_digest(const std::string& digest) {
  constexpr std::size_t kShort = 7 + 12;
  return digest.substr(0, kShort);
}

std::string utc_text(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  std::array<char, 64> text{};
  if (::gmtime_r(&time, &parts) == nullptr) return "";
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string json_text(const source::Json& document) {
  return document.dump(2, ' ', false, source::Json::error_handler_t::replace) + "\n";
}

}  // namespace berth::cli
