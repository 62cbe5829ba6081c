// SPDX-License-Identifier: Apache-2.0
// Which file a program of a tree gets by a library's name (ld.so(8)).
#pragma once

#include "hooks/mpi/tree.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::hooks {

struct FoundLibrary {
  std::string path;  ///< without links
  const Elf* elf = nullptr;
  std::string directory = {};  ///< in which it was looked for, perhaps by way of links
};

class Loader {
 public:
  /// `first`: directories that are looked at before all others, as LD_LIBRARY_PATH has them.
  Loader(Tree& tree, std::vector<std::string> first);

  /// By `asker`, a library whose path has no links, or by nobody in particular.
  std::optional<FoundLibrary> find(const std::string& soname, const FoundLibrary* asker = nullptr);

  /// The library at that place.
  std::optional<FoundLibrary> at(const std::string& path);

  /// Where its cache has libraries of that name.
  [[nodiscard]] std::vector<std::string> cached_directories(const std::string& soname) const;

  Tree& tree() { return tree_; }

 private:
  Tree& tree_;
  std::vector<std::string> first_;
  std::multimap<std::string, std::string> cache_;  ///< names and their paths, in its order
  std::map<std::string, std::optional<FoundLibrary>> found_;  ///< for nobody in particular
};

/// `name` in `directory`.
std::string path_in(const std::string& directory, std::string_view name);

/// What is before the last '/'.
std::string directory_of(const std::string& path);

/// What is behind it.
std::string name_of_file(const std::string& path);

}  // namespace berth::hooks
