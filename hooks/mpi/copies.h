// SPDX-License-Identifier: Apache-2.0
// The libraries of MPI that a tree has, and of which ABI each is.
#pragma once

#include "hooks/mpi/loader.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

enum class Abi : unsigned char {
  open_mpi,
  mpich  ///< MPICH, Intel MPI, Cray MPICH and MVAPICH, by their ABI initiative
};

/// "Open MPI", "the MPICH family".
std::string to_text(Abi abi);

struct MpiLibrary {
  std::string name;  ///< that programs know it by: "libmpi.so.40"
  FoundLibrary library = {};
  Abi abi = Abi::open_mpi;
  std::string number = {};             ///< of the ABI, behind ".so."
  std::vector<unsigned> version = {};  ///< in the file's name, behind ".so."; empty: it has none
  bool is_far = false;                 ///< where only programs that know it find it
};

/// How far one looks.
enum class Reach : unsigned char {
  usual,  ///< where loaders, distributions and vendors have it
  all     ///< and wherever else software is: takes a walk, which a node's file servers are spared
};

/// What libraries of MPI are called, newest first: Open MPI from 2.0 on, and the MPICH family,
/// under Debian's name for it too. Older ones are found and replaced by none.
const std::vector<std::string>& mpi_names();

/// Whether a library of that name comes with an MPI, and fits no other.
bool is_of_family(const std::string& name);

/// 12, 2 and 1 of "libmpich.so.12.2.1"; nothing where a file's name ends otherwise.
std::vector<unsigned> numbers_of(const std::string& name);

/// "40.30.4"; the number of the ABI where no more is known.
std::string version_of(const MpiLibrary& library);

/// What the library at `path` is; nothing where it is none of MPI.
std::optional<MpiLibrary> mpi_at(Loader& loader, const std::string& path);

/// All that programs of the tree may get, each once. `first`: directories of LD_LIBRARY_PATH.
std::vector<MpiLibrary> find_copies(Loader& loader,
                                    const std::vector<std::string>& first,
                                    Reach reach);

}  // namespace berth::hooks
