// SPDX-License-Identifier: Apache-2.0
// What is known of a library of MPI, and as the text that berth-hooks says it in. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

/// Ways in which a process learns its rank and its peers.
inline constexpr const char* kPmix = "PMIx";
inline constexpr const char* kPmi = "PMI";  ///< MPICH's, 1 or 2, by a descriptor or a port
inline constexpr const char* kPmiLibrary = "Slurm's PMI library";
inline constexpr const char* kFluxPmi = "Flux's PMI";

/// What Edits with such lines are called.
inline constexpr const char* kMpiFacts = "mpi-facts";

struct MpiFact {
  bool is_image = false;  ///< else this node's
  std::string family = {};
  std::string version = {};
  std::string path = {};
  std::vector<std::string> ways = {};  ///< of those above
  std::string client = {};             ///< the library that it speaks PMIx by; may be empty

  bool operator==(const MpiFact&) const = default;
};

/// A line without an end.
std::string to_text(const MpiFact& fact);

/// Nothing where it is none.
std::optional<MpiFact> parse_mpi_fact(const std::string& text);

}  // namespace berth::hooks
