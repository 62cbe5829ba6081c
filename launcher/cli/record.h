// SPDX-License-Identifier: Apache-2.0
// The file that a launch profile is recorded in.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <string>

namespace berth::cli {

class Record {
 public:
  /// No file.
  Record() = default;

  /// Makes the file `path`, which must not exist.
  static Result<Record> create(const std::string& path);

  /// Open for writing, close-on-exec; -1 without a file.
  [[nodiscard]] int fd() const noexcept { return file_.get(); }

  /// Closes the file here, for the server has it now.
  void hand_over() noexcept { file_.reset(); }

  /// Takes the file away again, from wherever this process has gone since: of a launch that came to
  /// nothing, nothing stays.
  void discard() noexcept;

 private:
  UniqueFd folder_;
  std::string name_;
  UniqueFd file_;
};

}  // namespace berth::cli
