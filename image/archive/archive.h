// SPDX-License-Identifier: Apache-2.0
// Writes an OCI archive: the tar of an OCI layout (image-spec, image-layout.md) with one image of
// one layer in it. Its bytes depend on the image alone.
#pragma once

#include "image/archive/documents.h"

#include <functional>
#include <memory>
#include <string>

namespace berth::archive {

/// What an archive is made of.
struct Contents {
  /// The image's entries from the beginning, each time it is called.
  std::function<Result<std::unique_ptr<layers::EntryStream>>()> open = {};
  Before before = {};
  std::string tag = {};   ///< is_tag()
  std::string name = {};  ///< of the image, for messages
  Compression compression = Compression::gzip;
  unsigned threads = 1;
};

struct Written {
  Layer layer = {};
  std::string config = {};    ///< digest
  std::string manifest = {};  ///< digest, which is the image's
  std::uint64_t size = 0;     ///< bytes of the archive
};

/// Into the open file `fd`, which is empty: reads the image once, and writes the name of the layer
/// when it is known. Errors of writing have the goal `goal`.
Result<Written> write_file(int fd, const Contents& contents, const std::string& goal);

/// Into `fd`, which may be a pipe: reads and compresses the image twice, first for the name of the
/// layer, which comes before it.
Result<Written> write_stream(int fd, const Contents& contents, const std::string& goal);

}  // namespace berth::archive
