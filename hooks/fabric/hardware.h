// SPDX-License-Identifier: Apache-2.0
// What a node has for a fabric: the files in /dev, and which drivers its adapters have.
#pragma once

#include <string>
#include <vector>

namespace berth::hooks {

struct Hardware {
  std::vector<std::string> devices = {};  ///< "/dev/infiniband/uverbs0"
  /// Of libibverbs, one for each kind of adapter: "mlx5". One that runs in software, which does not
  /// say which it has, may have each of two.
  std::vector<std::string> providers = {};

  /// A file whose name begins so.
  [[nodiscard]] bool has(const std::string& begin) const;

  bool operator==(const Hardware&) const = default;
};

/// `root`: where the node's files are looked up, "" for the node itself.
Hardware find_hardware(const std::string& root);

}  // namespace berth::hooks
