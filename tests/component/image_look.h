// SPDX-License-Identifier: Apache-2.0
// Looks at an image as a curious reader would, within limits, and does not mind damage. Tests and
// fuzz targets share it: what no image may lead to is a complaint here, or found by the sanitizers.
#pragma once

#include "image/read/reader.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace berth::read {

/// What was found in an image.
struct Found {
  bool is_refused = false;  ///< the superblock was not accepted
  unsigned entries = 0;
  unsigned errors = 0;
  std::uint64_t bytes = 0;         ///< of contents
  std::vector<std::string> names;  ///< and targets of links
  /// Names that are none, more bytes than were asked for or bytes that nobody wrote, and other
  /// things that no reader may show.
  std::vector<std::string> complaints;
  double seconds = 0;  ///< of this process's time
};

/// Which bytes a file's contents may have.
enum class Contents { any, of_the_image };

/// Opens the image and reads all of it, each directory once, of a file the first, the middle and
/// the last 20 kB. Before, lets `first` see it. Contents of_the_image are for those whose blocks
/// are stored, or stand for one byte that comes again and again.
Found look_at(std::span<const std::byte> image,
              Contents contents = Contents::of_the_image,
              const std::function<void(Image&)>& first = {});

}  // namespace berth::read
