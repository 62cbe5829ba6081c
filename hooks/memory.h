// SPDX-License-Identifier: Apache-2.0
// What hooks of berth's own have found, kept for the next launch: a file of the user's own. It is
// believed as long as the question and what it hangs on are the same.
#pragma once

#include "hooks/edits.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

class Memory {
 public:
  /// `directory`: where the files are; with "" nothing is remembered. `name`: of what kind it is,
  /// for people. `key`: all that decides but for what Edits::seen has.
  Memory(std::string directory, std::string name, std::string key);

  /// Whether anything can be remembered.
  [[nodiscard]] bool is_possible() const { return !key_.empty(); }

  /// What was found, if all of it still holds.
  [[nodiscard]] std::optional<std::vector<Edits>> read() const;

  /// Keeps edits that all have `seen`. What cannot be kept is found out anew. Removes files that
  /// nobody has read for long, and the oldest of too many.
  void write(const std::vector<Edits>& edits) const;

 private:
  [[nodiscard]] std::string file_name() const;

  std::string directory_;
  std::string name_;
  std::string key_;
};

/// How many files are kept, and for how many seconds after somebody has last read them: a day more
/// or less.
constexpr unsigned kMostRemembered = 100;
constexpr long kRememberedFor = 60L * 24 * 60 * 60;

}  // namespace berth::hooks
