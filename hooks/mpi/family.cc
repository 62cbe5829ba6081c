// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/family.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace berth::hooks {

namespace {

bool has(const std::vector<std::string>& sorted, const std::string& name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

std::string in_small_letters(std::string text) {
  for (char& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

/// "mpi_init" of "mpi_init_" and "pmpi_init_", as compilers have called it for decades; empty: it
/// is no name of that form.
std::string fortran_function(const std::string& name) {
  if (!name.ends_with('_') || name.ends_with("__") || name.find("f08") != name.npos) return {};
  const std::size_t begin = name.starts_with("pmpi_") ? 1 : 0;
  if (name.compare(begin, 4, "mpi_") != 0) return {};
  return name.substr(begin, name.size() - begin - 1);
}

/// Where MPI_BOTTOM and the like are.
bool is_common_block(const std::string& name) {
  return name.starts_with("mpifcmb") || name.starts_with("mpipriv");
}

bool is_of_cxx(const std::string& name) {
  constexpr std::array<std::string_view, 4> kBegins = {
      "_ZN3MPI", "_ZNK3MPI", "_ZTVN3MPI", "_ZTIN3MPI"};
  return std::any_of(
      kBegins.begin(), kBegins.end(), [&](auto begin) { return name.starts_with(begin); });
}

/// Debian has other names for some.
std::vector<std::string> names_of_member(const std::string& name) {
  constexpr std::array<std::array<std::string_view, 2>, 2> kSame = {
      {{"libmpifort.so.", "libmpichfort.so."}, {"libmpicxx.so.", "libmpichcxx.so."}}};
  std::vector<std::string> names = {name};
  for (const auto& same : kSame)
    for (const std::size_t which : {0U, 1U})
      if (name.starts_with(same[which]))
        names.push_back(std::string(same[1 - which]) + name.substr(same[which].size()));
  return names;
}

bool is_for_cxx(const std::string& path) {
  return name_of_file(path).find("cxx") != std::string::npos;
}

/// What goes with one copy.
class Members {
 public:
  Members(const MpiLibrary& images, const MpiLibrary& nodes, const Sides& sides, Family& family)
      : images_(images),
        nodes_(nodes),
        sides_(sides),
        family_(family) {}

  std::string add_all() {
    const std::string directory = directory_of(images_.library.path);
    family_.pairs.push_back({images_.library.path, nodes_.library, true});
    for (const std::string& name : {images_.name, nodes_.name})
      family_.taken.emplace(name, nodes_.library);
    for (const std::string& name : sides_.image.tree().names_in(directory)) {
      const std::size_t number = name.find(".so.");
      const bool is_soname =
          number != name.npos && name.find('.', number + 4) == name.npos && is_of_family(name);
      if (!is_soname) continue;
      if (std::string why = add_member(name, directory); !why.empty()) return why;
    }
    return {};
  }

 private:
  [[nodiscard]] bool is_done(const std::string& place) const {
    const bool is_copy =
        std::any_of(sides_.copies.begin(), sides_.copies.end(), [&](const MpiLibrary& copy) {
          return copy.library.path == place;
        });
    return is_copy || std::any_of(family_.pairs.begin(),
                                  family_.pairs.end(),
                                  [&](const Pair& pair) { return pair.to == place; });
  }

  /// Of the image's directory, and of the node's. What the node's loader knows besides is of the
  /// same MPI only where nobody has named a library, and then another copy's own library is not
  /// meant.
  std::optional<FoundLibrary> find_nodes(const std::string& name) {
    const std::string real = directory_of(nodes_.library.path);
    std::vector<std::string> directories = {nodes_.library.directory, real};
    // Intel's main library is one directory deeper than its others.
    if (real.ends_with("/release")) directories.push_back(directory_of(real));
    for (const std::string& one : names_of_member(name))
      for (const std::string& directory : directories)
        if (auto found = sides_.node.at(path_in(directory, one))) return found;
    return sides_.is_named ? std::nullopt : sides_.node.find(name);
  }

  std::string add_member(const std::string& name, const std::string& directory) {
    const auto place = sides_.image.tree().find_file(path_in(directory, name));
    if (!place || is_done(*place)) return {};
    const auto by = find_nodes(name);
    std::string lacks = by ? check_bindings(*place, *by) : "";
    if (by && lacks.empty()) {
      family_.pairs.push_back({*place, *by});
      for (const std::string& known : {name, by->elf->soname})
        if (!known.empty()) family_.taken.emplace(known, *by);
      return {};
    }
    if (std::string why = check_stays(*place); !why.empty()) {
      if (!lacks.empty()) why = std::move(lacks);
      if (!is_for_cxx(*place)) return why;
      // Nobody has had to use these since 2012, and whoever does hears it from the loader, too.
      family_.warning =
          "programs with MPI's bindings for C++ need the image's own MPI, "
          "--mpi-hook=off: " +
          why;
    }
    return {};
  }

  /// Members of the MPICH family promise each other the same of C and Fortran; not all keep it.
  std::string check_bindings(const std::string& place, const FoundLibrary& by) {
    if (nodes_.abi != Abi::mpich || !is_loaded()) return {};
    const auto images = sides_.image.tree().symbols(place);
    const auto nodes = sides_.node.tree().symbols(by.path);
    if (!images || !nodes) return {};
    const std::string name = missing_binding(*images, *nodes, *nodes_mpi_);
    return name.empty() ? ""
                        : quote(by.path) + " of this node lacks " + quote(name) +
                              ", which the image's " + quote(place) + " has";
  }

  std::string check_stays(const std::string& place) {
    if (nodes_.abi != Abi::mpich || !is_loaded()) return {};
    const auto stays = sides_.image.tree().symbols(place);
    if (!stays) return {};
    const std::string name = missing_for(*stays, *images_mpi_, *nodes_mpi_);
    return name.empty() ? ""
                        : "the image's " + quote(place) + " would stay, and needs " + quote(name) +
                              ", which " + quote(nodes_.library.path) + " of this node lacks";
  }

  bool is_loaded() {
    if (!images_mpi_) images_mpi_ = sides_.image.tree().symbols(images_.library.path);
    if (!nodes_mpi_) nodes_mpi_ = sides_.node.tree().symbols(nodes_.library.path);
    return images_mpi_ && nodes_mpi_;
  }

  const MpiLibrary& images_;
  const MpiLibrary& nodes_;
  const Sides& sides_;
  Family& family_;
  std::optional<Symbols> images_mpi_;
  std::optional<Symbols> nodes_mpi_;
};

}  // namespace

std::string missing_binding(const Symbols& images, const Symbols& nodes, const Symbols& nodes_mpi) {
  std::vector<std::string> functions;
  functions.reserve(nodes_mpi.defined.size());
  for (const std::string& name : nodes_mpi.defined)
    functions.push_back(in_small_letters(name));
  std::sort(functions.begin(), functions.end());
  for (const std::string& name : images.defined) {
    const std::string function = fortran_function(name);
    const bool is_promised =
        function.empty() ? is_common_block(name) || is_of_cxx(name) : has(functions, function);
    if (is_promised && !has(nodes.defined, name)) return name;
  }
  return {};
}

std::string missing_for(const Symbols& stays, const Symbols& images_mpi, const Symbols& nodes_mpi) {
  for (const std::string& name : stays.wanted)
    if (has(images_mpi.defined, name) && !has(nodes_mpi.defined, name)) return name;
  return {};
}

std::string add_family(const MpiLibrary& images,
                       const MpiLibrary& nodes,
                       const Sides& sides,
                       Family& family) {
  Family tried = family;
  std::string why = Members(images, nodes, sides, tried).add_all();
  if (why.empty()) family = std::move(tried);
  return why;
}

}  // namespace berth::hooks
