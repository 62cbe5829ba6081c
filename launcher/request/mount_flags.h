// SPDX-License-Identifier: Apache-2.0
// The words that say how a place is mounted, as mount(8) and podman-run(1) have them. Pure. No
// third-party library: the Slurm plugin links this.
#pragma once

#include "base/result.h"
#include "launcher/model/mount.h"

#include <array>
#include <string>
#include <vector>

namespace berth::request {

/// Collects such words: one of a kind, so that none contradicts another.
class FlagWords {
 public:
  /// `of_tree`: of something that there is already. What is made empty has nothing mounted below
  /// it.
  explicit FlagWords(bool of_tree) : of_tree_(of_tree) {}

  /// Whether `word` is one of them. `goal` is for messages.
  Result<bool> take(const std::string& word, const std::string& goal);

  [[nodiscard]] const MountFlags& flags() const { return flags_; }

 private:
  static constexpr std::size_t kKinds = 6;

  bool of_tree_;
  MountFlags flags_;
  std::array<std::string, kKinds> said_;  ///< the word of each kind
};

/// All of the words, for suggestions.
std::vector<std::string> flag_words(bool of_tree);

/// The words that give `flags` back.
std::vector<std::string> words_of(const MountFlags& flags);

/// An option that a mount cannot have: "did you mean", or which there are.
Error unknown_mount_option(const std::string& goal,
                           const std::string& word,
                           const std::vector<std::string>& known);

}  // namespace berth::request
