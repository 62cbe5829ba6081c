// SPDX-License-Identifier: Apache-2.0
// Opens a source and hands out what an image is made of: its config, its manifest, and its layers
// as runs of bytes. Reads the small documents and checks their digests; changes nothing.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "image/read/checked_blocks.h"
#include "image/read/superblock.h"
#include "image/source/blob.h"
#include "image/source/manifest.h"
#include "image/source/reference.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::source {

/// What the names inside a layer mean: an OCI layer deletes with ".wh.NAME", a plain tar does not.
enum class Whiteouts { apply, keep_as_files };

struct Layer {
  Blob blob;
  std::string diff_id;  ///< digest of the uncompressed layer; empty when the source does not say
};

struct Image {
  std::string config = {};    ///< the OCI config document, byte for byte, or a minimal one of ours
  std::string manifest = {};  ///< the OCI manifest, byte for byte; empty when the source has none
  std::vector<Layer> layers = {};  ///< lowest first; none when the image is a directory
  Whiteouts whiteouts = Whiteouts::apply;
  UniqueFd folder = {};         ///< the directory that is the image, for "dir:"
  Blob squash = {};             ///< the SquashFS that is the image, for "sqsh:" and "sif:"
  read::Superblock super = {};  ///< of `squash`
  integrity::Tree tree = {};    ///< of `squash`, if it has one and is a whole file
  std::string note = {};        ///< a sentence for people; nearly always empty
};

/// What the config says is checked against the image's layers and the wish for a platform, and each
/// layer gets its id. `name` is the config's, `source` the image's, for messages.
Status apply_config(Image& image,
                    const std::string& name,
                    const std::string& source,
                    const std::optional<Platform>& platform);

/// `platform` is what the user asked for; without it the host's is taken where there is a choice,
/// and an image for another one is refused.
Result<Image> open_image(const Reference& reference, const std::optional<Platform>& platform);

}  // namespace berth::source
