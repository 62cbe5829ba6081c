// SPDX-License-Identifier: Apache-2.0
// A group of which all processes are stopped at once, and cannot tell.
#pragma once

#include <span>
#include <string>

namespace berth::cgroup {

class Freezer {
 public:
  Freezer() = default;

  /// Of a group with parts in these directories: cgroup.freeze of version 2, or, where there is
  /// none, freezer.state of version 1, in which nobody can be killed; the one that is frozen, whose
  /// it may be, before one that is ours to write.
  static Freezer find(std::span<const std::string> directories);

  /// Whether it is ours to write.
  [[nodiscard]] bool is_there() const { return is_ours_; }

  /// "" for none; also of one that is not ours.
  [[nodiscard]] const std::string& file() const { return file_; }

  /// The directory of the group.
  [[nodiscard]] const std::string& group() const { return group_; }

  /// Whether all of it stands still, or is about to. Also of one that is not ours.
  [[nodiscard]] bool is_frozen() const;

  /// Returns when all of it stands still, with 0; EBUSY where a process does not for ten seconds,
  /// as one does that waits for a disk; else the kernel's reason.
  [[nodiscard]] int freeze() const;

  /// 0 or the kernel's reason; EBUSY where it still stands still, as below a group that does.
  [[nodiscard]] int thaw() const;

 private:
  [[nodiscard]] bool is_still() const;

  std::string group_;
  std::string file_;
  bool is_unified_ = false;
  bool is_ours_ = false;
};

}  // namespace berth::cgroup
