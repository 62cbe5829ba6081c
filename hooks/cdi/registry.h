// SPDX-License-Identifier: Apache-2.0
// All devices that the specification files of a node know (SPEC.md of the Container Device
// Interface, "CDI JSON Specification"), and what those that are asked for need.
#pragma once

#include "base/result.h"
#include "hooks/cdi/spec.h"
#include "hooks/name.h"

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace berth::hooks {

struct SpecDirectory {
  std::string path;
  uid_t owner = 0;  ///< besides root, who may have written in it
};

/// The places of the specification, and then the user's own. A later one goes before an earlier
/// one. `config` and `home`: $XDG_CONFIG_HOME and $HOME; empty where there are none.
std::vector<SpecDirectory> spec_directories(const std::string& config,
                                            const std::string& home,
                                            uid_t user);

class Registry {
 public:
  /// Hears of each file and directory before it is opened: the file system may not answer.
  using Listener = std::function<void(const std::string& path)>;

  /// Reads *.json, *.yaml and *.yml files. One that is wrong, or that others could have written, is
  /// left out.
  static Registry read(
      const std::vector<SpecDirectory>& directories,
      const Listener& listener = [](const std::string&) {});

  /// For each device in turn what all of its kind need, once, and what it needs itself. A device
  /// that no file knows, or two files of the same directory, is an error.
  [[nodiscard]] Result<std::vector<Edits>> find(const std::vector<DeviceName>& devices) const;

  /// Whether any file tells of devices of this kind.
  [[nodiscard]] bool has_kind(const std::string& kind) const;

  /// A sentence on what was left out; empty: nothing was.
  [[nodiscard]] std::string warning() const;

 private:
  struct Known {
    Spec spec;
    std::size_t rank = 0;  ///< of its directory
  };

  struct Found {
    const Spec* spec = nullptr;
    const Device* device = nullptr;
  };

  void add_directory(const SpecDirectory& directory, std::size_t rank, const Listener& listener);
  void add_file(int folder,
                const std::string& name,
                const SpecDirectory& directory,
                std::size_t rank);
  [[nodiscard]] Result<Found> find_one(const DeviceName& wanted) const;
  [[nodiscard]] Error unknown(const DeviceName& wanted) const;

  std::vector<Known> specs_;
  std::vector<Error> left_out_;
};

}  // namespace berth::hooks
