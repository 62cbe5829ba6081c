// SPDX-License-Identifier: Apache-2.0
// Texts that verbs print for people and programs. Pure.
#pragma once

#include "image/source/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

/// Columns for people, as wide as their widest text.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}

  /// As many texts as there are heads.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  /// The lines, without blanks at their ends.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// `text` with control characters as \xNN, for a place where no quotes are wanted.
std::string plain_text(std::string_view text);

/// "sha256:" and 12 digits: enough for people.
std::string short_digest(const std::string& digest);

/// "2026-11-25T20:56:14Z".
std::string utc_text(std::int64_t seconds);

/// The document over several lines with a newline at its end. What is not UTF-8 in its texts is
/// replaced, as JSON has no way to say it.
std::string json_text(const source::Json& document);

}  // namespace berth::cli
