// SPDX-License-Identifier: Apache-2.0
// Writes down which blocks of which files were read, in the order of their first use.
#pragma once

#include "image/profile/profile.h"
#include "image/read/superblock.h"
#include "image/serve/session.h"

#include <mutex>
#include <string>
#include <unordered_set>

namespace berth::serve {

class Recorder {
 public:
  /// Writes the record's first line to `fd`, which stays the caller's.
  Recorder(int fd, const read::Superblock& super);

  /// Writes a line for each block that a request to read asks for and no one before it did; other
  /// requests leave no trace. For any thread. A record that cannot be written any more (a full
  /// disk) ends early, and the program does not notice.
  void note(const Exchange& exchange);

 private:
  /// One number for both. False where a file is so large that they do not fit: nobody starts there.
  [[nodiscard]] static bool fit(const profile::Touch& touch);

  int fd_;
  const read::Superblock& super_;
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace berth::serve
