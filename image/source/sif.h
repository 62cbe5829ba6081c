// SPDX-License-Identifier: Apache-2.0
// SIF, the file format of Singularity and Apptainer: a header, a table of descriptors, and objects.
// Finds the image among them; every offset and size is checked against the file.
#pragma once

#include "base/result.h"
#include "image/source/blob.h"

#include <string>

namespace berth::source {

struct Sif {
  Blob image = {};                ///< the SquashFS with the primary system partition
  std::string architecture = {};  ///< as OCI spells it; empty where the file does not say
  std::string labels = {};        ///< the object with the labels, JSON; empty where there is none
  bool has_overlay = false;       ///< there is a partition with changes, which is left out
};

/// Whether the file begins as a SIF does.
bool is_sif(const Blob& file);

Result<Sif> read_sif(const Blob& file);

}  // namespace berth::source
