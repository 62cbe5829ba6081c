// SPDX-License-Identifier: Apache-2.0
// What was found out about an image's MPI, kept for the next launch: a file of the user's own. It
// is believed as long as the image, the question and every file of the node that was looked at are
// the same.
#pragma once

#include "hooks/mpi/mpi.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

class MpiMemory {
 public:
  /// `images`: descriptors. Remembers nothing where one is a directory, whose files change without
  /// a trace, or where there is no place: `directory` is "" or cannot be made.
  MpiMemory(std::string directory, const MpiQuestion& question, const std::vector<int>& images);

  [[nodiscard]] std::optional<MpiSwap> read() const;

  /// `looked_at`: files of this node. What cannot be kept is found out anew.
  void write(const MpiSwap& swap, const std::vector<std::string>& looked_at) const;

 private:
  [[nodiscard]] std::string file() const;

  std::string directory_;
  std::string key_;  ///< all that decides, but for the node; empty: nothing is remembered
};

}  // namespace berth::hooks
