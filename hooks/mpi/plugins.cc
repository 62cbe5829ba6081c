// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/plugins.h"

#include "hooks/mpi/loader.h"

namespace berth::hooks {

std::vector<std::string> plugins_beside(Tree& tree, const std::string& directory) {
  std::vector<std::string> directories;
  if (const auto found = tree.find_directory(directory)) directories.push_back(*found);
  if (const auto inner = tree.find_directory(directory + "/lib"))
    for (const std::string& name : tree.names_in(*inner))
      if (name.starts_with("openmpi"))
        if (const auto deeper = tree.find_directory(path_in(*inner, name)))
          directories.push_back(*deeper);
  std::vector<std::string> plugins;
  for (const std::string& one : directories)
    for (const std::string& name : tree.names_in(one))
      if (name.ends_with(".so")) plugins.push_back(path_in(one, name));
  return plugins;
}

}  // namespace berth::hooks
