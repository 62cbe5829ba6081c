// SPDX-License-Identifier: Apache-2.0
// What an import has made, and the sentences about it. Pure.
#pragma once

#include "image/cli/convert.h"
#include "image/layers/merge.h"

#include <cstdint>
#include <string>

namespace berth::cli {

struct Summary {
  std::string source = {};  ///< as the user named it
  std::string output = {};
  std::size_t layers = 0;
  std::uint64_t names = 0;
  std::uint64_t in_vain = 0;  ///< files compressed although their layer replaces them later
  layers::Counts counts = {};
  Losses losses = {};
  std::string setuid_rule = {};  ///< where it was said that setuid bits go
  std::uint64_t bytes_in = 0;    ///< of file content
  std::uint64_t bytes_out = 0;   ///< of the image
  double seconds = 0;
  std::string digest = {};     ///< of the whole file: "sha256:" and 64 digits
  std::string root_hash = {};  ///< of its hash tree; empty: it has none
};

/// The lines at the end, each with its newline.
std::string summary_text(const Summary& summary);

}  // namespace berth::cli
