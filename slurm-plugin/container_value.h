// SPDX-License-Identifier: Apache-2.0
// What the user wrote after --container=. Looks at files, with the rights of whoever calls, and
// changes nothing: for srun, sbatch and salloc only, never for slurmstepd.
#pragma once

#include "base/result.h"
#include "image/store/store.h"

#include <string>
#include <vector>

namespace berth::slurm_plugin {

enum class Meaning {
  bundle,  ///< a directory: an OCI bundle, which is Slurm's own business
  image    ///< anything else is ours, so that a misspelt image cannot run on the host
};

Meaning find_meaning(const std::string& value);

/// Whether a directory may be an image: not after --container, where it is a bundle.
enum class Directories { no, yes };

/// What a value names, of several images the lowest first.
struct Found {
  std::string paths;                     ///< absolute, with '+' between them
  std::vector<std::string> root_hashes;  ///< of their hash trees; "-" where there is no sound one
};

/// The image that `value` names, or why it cannot be one: missing, unreadable, not a file or not
/// SquashFS. Relative paths start at the current directory;
/// other names are those of the user's images. Reads a few blocks of each.
Result<Found> find_image(const std::string& value,
                         const store::Environment& places,
                         Directories directories);

}  // namespace berth::slurm_plugin
