// SPDX-License-Identifier: Apache-2.0
// Whether libraries of the node find all that they need in a container, and what is to be brought.
#pragma once

#include "hooks/mpi/loader.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace berth::hooks {

class Needs {
 public:
  /// `taken`: by their sonames, those that stand in the place of the image's. `beside`: the
  /// directories in which they do. A program's RPATH leads there, and goes before LD_LIBRARY_PATH.
  Needs(Loader& image,
        Loader& node,
        std::map<std::string, FoundLibrary> taken,
        std::vector<std::string> beside = {})
      : image_(&image),
        node_(&node),
        taken_(std::move(taken)),
        beside_(std::move(beside)) {}

  /// Sees to all that `library` of the node needs, and what that needs in turn. Empty, or why it
  /// cannot be; then it has changed in an unknown way.
  std::string add(const FoundLibrary& library);

  /// What the image lacks, by sonames.
  [[nodiscard]] const std::map<std::string, FoundLibrary>& brought() const { return brought_; }

  /// What has to stand in the place of the image's beside its MPI, by its path there.
  [[nodiscard]] const std::map<std::string, FoundLibrary>& over() const { return over_; }

  /// A sentence on one beside it that will not do and cannot be replaced; empty: there is none.
  [[nodiscard]] const std::string& doubt() const { return doubt_; }

 private:
  std::string add_one(const FoundLibrary& library, const std::string& soname);
  std::string check_c_library(const FoundLibrary& library, const std::string& soname);
  void check_beside(const FoundLibrary& asker,
                    const std::string& soname,
                    const std::string& general,
                    const std::optional<FoundLibrary>& nodes);

  Loader* image_;
  Loader* node_;
  std::map<std::string, FoundLibrary> taken_;
  std::vector<std::string> beside_;
  std::map<std::string, FoundLibrary> brought_;
  std::map<std::string, FoundLibrary> over_;
  std::string doubt_;
  std::set<std::string> done_;  ///< paths
  std::vector<FoundLibrary> left_;
};

}  // namespace berth::hooks
