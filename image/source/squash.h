// SPDX-License-Identifier: Apache-2.0
// Images that are SquashFS already: "sqsh:FILE", and what is inside "sif:FILE".
#pragma once

#include "image/source/open.h"

#include <string>

namespace berth::source {

/// Whether the file begins as a SquashFS of little-endian machines does.
bool is_squash(const Blob& file);

/// Opens the image in `blob`: its config and manifest, if /.berth has them; else the config is
/// `config`. An error when it has a hash tree that cannot be used, or that says otherwise.
Result<Image> open_squash(const Blob& blob, const std::string& config);

/// The file at `path` in an image that open_squash() has opened. An error when there is none, when
/// it has more than `limit` bytes or is damaged.
Result<std::string> read_file_of(const Image& image, const std::string& path, std::uint64_t limit);

/// Opens a SIF file. Without a config in it, the config has its architecture and its labels;
/// environment and runscript stay in the image's /.singularity.d, as files.
Result<Image> open_sif(const Blob& file);

}  // namespace berth::source
