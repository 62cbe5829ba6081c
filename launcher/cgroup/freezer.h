// SPDX-License-Identifier: Apache-2.0
// A group of which all processes are stopped at once, and cannot tell.
#pragma once

#include <span>
#include <string>

namespace berth::cgroup {

class Freezer {
 public:
  Freezer() = default;

  /// Of a group with parts in these directories: cgroup.freeze of version 2, or freezer.state of
  /// version 1. None where they have no such file, or it is not ours to write.
  static Freezer find(std::span<const std::string> directories);

  [[nodiscard]] bool is_there() const { return !file_.empty(); }

  /// The directory of the group.
  [[nodiscard]] const std::string& group() const { return group_; }

  /// Whether all of it stands still, or is about to.
  [[nodiscard]] bool is_frozen() const;

  /// Returns when all of it stands still, with 0; EBUSY where a process does not for ten seconds,
  /// as one does that waits for a disk; else the kernel's reason.
  [[nodiscard]] int freeze() const;

  /// 0 or the kernel's reason.
  [[nodiscard]] int thaw() const;

 private:
  [[nodiscard]] bool is_still() const;

  std::string group_;
  std::string file_;
  bool is_unified_ = false;
};

}  // namespace berth::cgroup
