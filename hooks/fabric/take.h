// SPDX-License-Identifier: Apache-2.0
// Libraries of the node that stand in the place of an image's, with those that belong to them and
// what they need and open.
#pragma once

#include "hooks/edits.h"
#include "hooks/mpi/loader.h"
#include "hooks/mpi/needs.h"

#include <map>
#include <string>
#include <vector>

namespace berth::hooks {

/// Whether everything that `asker` wants from the library of that name is in `library`.
bool fits(const Elf& asker, const std::string& soname, const Elf& library);

class Taken {
 public:
  /// `private_place`: where libraries go that the image lacks. `drivers`: of libibverbs, for the
  /// adapters that there are; others are not shown.
  Taken(Loader& image,
        Loader& node,
        std::string private_place,
        std::vector<std::string> drivers = {})
      : image_(&image),
        node_(&node),
        place_(std::move(private_place)),
        drivers_(std::move(drivers)) {}

  /// Puts `library` of the node, and those of its family that the image has, in the image's place.
  /// Empty, or why it cannot be; then nothing has changed.
  std::string take(const FoundLibrary& library);

  /// Shows a plug-in of the node at `to`. Empty, or why it cannot be.
  std::string add_plugin(const FoundLibrary& plugin, const std::string& to);

  /// Shows a file or directory of the node at `to`.
  void show(const std::string& from, const std::string& to);

  /// What all that comes to.
  void add_to(Edits& edits) const;

 private:
  using Libraries = std::map<std::string, FoundLibrary>;  ///< by their sonames

  std::string stage_family(const FoundLibrary& library, Libraries& staged);
  void show_driver(const FoundLibrary& driver, const std::string& to);
  void show_plugins(const std::string& directory, bool are_drivers, Libraries& brought);
  void show_helpers(const FoundLibrary& library, Libraries& brought);

  Loader* image_;
  Loader* node_;
  std::string place_;
  std::vector<std::string> drivers_;
  Libraries taken_;
  Libraries brought_;
  std::vector<Mount> shown_;
};

}  // namespace berth::hooks
