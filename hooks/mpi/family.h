// SPDX-License-Identifier: Apache-2.0
// Which libraries of an image's MPI are replaced together with its main one, and whether those that
// stay, and programs, find in the node's what they call.
#pragma once

#include "hooks/mpi/copies.h"

#include <map>
#include <string>
#include <vector>

namespace berth::hooks {

struct Pair {
  std::string to;  ///< in the image
  FoundLibrary by;
  bool is_needed = false;  ///< others of the family can stay the image's
};

struct Family {
  std::vector<Pair> pairs = {};
  std::map<std::string, FoundLibrary> taken = {};  ///< by their sonames
  std::string warning = {};                        ///< of what will not work, a sentence
};

struct Sides {
  Loader& image;
  Loader& node;
  const std::vector<MpiLibrary>& copies;  ///< all of the image
  bool is_named;                          ///< the site says which the node's are
};

/// Adds what of `images` has to be replaced by `nodes` to `family`. Empty, or why it cannot be;
/// then `family` is as it was.
std::string add_family(const MpiLibrary& images,
                       const MpiLibrary& nodes,
                       const Sides& sides,
                       Family& family);

/// The first name of MPI's bindings for Fortran or C++ that `images` has and `nodes` lacks, though
/// the node's MPI has the function; empty: none. Functions that are newer than the node's MPI do
/// not count, nor the modules of Fortran 2008, whose names are each compiler's.
std::string missing_binding(const Symbols& images, const Symbols& nodes, const Symbols& nodes_mpi);

/// The first name that a library which stays has from the image's MPI, and the node's lacks.
std::string missing_for(const Symbols& stays, const Symbols& images_mpi, const Symbols& nodes_mpi);

}  // namespace berth::hooks
