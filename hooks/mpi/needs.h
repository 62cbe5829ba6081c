// SPDX-License-Identifier: Apache-2.0
// Whether libraries of the node find all that they need in a container, and what is to be brought.
#pragma once

#include "hooks/mpi/loader.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace berth::hooks {

class Needs {
 public:
  /// `taken`: by their sonames, those that stand in the place of the image's.
  Needs(Loader& image, Loader& node, std::map<std::string, FoundLibrary> taken)
      : image_(&image),
        node_(&node),
        taken_(std::move(taken)) {}

  /// Sees to all that `library` of the node needs, and what that needs in turn. Empty, or why it
  /// cannot be; then it has changed in an unknown way.
  std::string add(const FoundLibrary& library);

  /// What the image lacks, by sonames.
  [[nodiscard]] const std::map<std::string, FoundLibrary>& brought() const { return brought_; }

 private:
  std::string add_one(const FoundLibrary& library, const std::string& soname);
  std::string check_c_library(const FoundLibrary& library, const std::string& soname);

  Loader* image_;
  Loader* node_;
  std::map<std::string, FoundLibrary> taken_;
  std::map<std::string, FoundLibrary> brought_;
  std::set<std::string> done_;  ///< paths
  std::vector<FoundLibrary> left_;
};

}  // namespace berth::hooks
