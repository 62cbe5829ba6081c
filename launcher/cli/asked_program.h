// SPDX-License-Identifier: Apache-2.0
// One of berth's other programs, which answers a question while a launch goes on.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace berth::cli {

class AskedProgram {
 public:
  struct Answer {
    enum class End : unsigned char {
      good,  ///< with 0
      bad,   ///< in another way
      late   ///< not at all: it was silent for kPatience, and is killed
    };
    std::string text;
    End end = End::bad;
  };

  /// How long it may be silent, in seconds.
  static constexpr int kPatience = 15;

  /// What it gets. The caller's, who keeps them.
  struct Files {
    int input = -1;
    int errors = -1;             ///< its standard error; -1: it has nowhere to complain
    std::vector<int> more = {};  ///< its descriptors from 3 on
  };

  AskedProgram() = default;
  AskedProgram(const AskedProgram&) = delete;
  AskedProgram& operator=(const AskedProgram&) = delete;
  AskedProgram(AskedProgram&&) = delete;
  AskedProgram& operator=(AskedProgram&&) = delete;

  /// Ends it, where nobody has read what it says.
  ~AskedProgram();

  /// `built`: see places_of(). `environment`: NAME=value, all that it gets.
  Status start(const std::string& name,
               const std::string& built,
               std::vector<std::string> words,
               std::vector<std::string> environment,
               const Files& files);

  [[nodiscard]] bool is_started() const { return heard_.is_open(); }

  /// All that it writes. Waits until it has ended, or is late. An error where that is more than
  /// `limit` bytes. Once.
  Result<Answer> read(std::size_t limit);

 private:
  int wait() noexcept;
  void kill_late() noexcept;

  std::string name_;
  UniqueFd heard_;
  pid_t child_ = -1;
};

}  // namespace berth::cli
