// SPDX-License-Identifier: Apache-2.0
// Who stands by a named container: hears from its launch, writes down what becomes of it, and ends
// with it.
#pragma once

#include "launcher/state/directory.h"
#include "launcher/state/process.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth::state {

/// Between a launch and its monitor. The launch's end closes when the program begins.
struct Line {
  UniqueFd monitors;
  UniqueFd launchs;
};

Result<Line> make_line();

/// Told by a launch that has failed.
void tell_failure(int launchs, int exit_code) noexcept;

class Monitor {
 public:
  /// `record`: as it was claimed, in a directory that outlives this. `launcher`: the process that
  /// was started as berth.
  Monitor(const Directory& directory, const Record& record, UniqueFd line, pid_t launcher);

  /// Everything it needs.
  [[nodiscard]] std::vector<int> descriptors() const;

  /// Until the program has begun, which is written down then. The exit code of a launch that has
  /// failed, of which nothing stays.
  std::optional<int> await_program();

  /// For the launcher's parent: until it has ended, which is written down.
  void await_child();

  /// For others, and where nobody asks how it ended: until then, and nothing stays.
  void await_other();

 private:
  void note_program();
  void thaw();

  const Directory& directory_;
  std::string name_;
  std::string key_;
  UniqueFd line_;
  pid_t child_;
  Process launcher_;
  Process program_;
  pid_t announced_ = 0;
};

}  // namespace berth::state
