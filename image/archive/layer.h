// SPDX-License-Identifier: Apache-2.0
// Makes an OCI layer of a stream of entries: one tar in the pax format, through libarchive,
// compressed on the way.
#pragma once

#include "image/archive/packer.h"
#include "image/layers/entry.h"

#include <cstdint>
#include <string>

namespace berth::archive {

/// What a layer has no way to say, and so does not have.
struct LeftOut {
  std::uint64_t devices = 0;  ///< nodes that an image of ours never has
  std::uint64_t sockets = 0;  ///< tar knows none
  std::uint64_t marks = 0;  ///< names that begin with ".wh.": there they delete; with what is in it
  std::uint64_t xattrs = 0;  ///< that steer an overlayfs, or have a '=' in their names
};

struct Layer {
  std::string digest = {};    ///< of the layer as it was handed out
  std::string diff_id = {};   ///< of the tar in it
  std::uint64_t size = 0;     ///< bytes of the layer
  std::uint64_t entries = 0;  ///< below the root
  std::uint64_t content = 0;  ///< bytes of the files in it
  LeftOut left_out = {};
};

/// Entries come in the order of their parents. What is in "/.berth" is berth's own and is passed
/// over. The bytes do not depend on the number of `threads`, nor on the time.
Result<Layer> write_layer(layers::EntryStream& stream,
                          Compression compression,
                          unsigned threads,
                          const Sink& sink);

}  // namespace berth::archive
