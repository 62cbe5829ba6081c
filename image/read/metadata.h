// SPDX-License-Identifier: Apache-2.0
// SquashFS' inodes and directories are two streams of bytes, cut into metadata blocks. This reads
// along one of them; it cannot leave its table.
#pragma once

#include "image/read/reader.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace berth::read {

/// A point in a stream: a metadata block's position in the file, and bytes into what it holds.
struct Place {
  std::uint64_t block = 0;
  std::uint32_t offset = 0;
};

/// The place that a reference (block << 16 | offset) names in the table that begins at `table`.
Place place_of(std::uint64_t table, std::uint64_t reference) noexcept;

/// Functions answer 0 or an errno, which is EIO: the image is damaged or has become shorter.
class MetadataStream {
 public:
  /// The table reaches up to the position `end`.
  MetadataStream(Reader& reader, std::uint64_t end) : reader_(reader), end_(end) {}

  int seek(Place place);
  int read(void* out, std::size_t count);
  int skip(std::size_t count);

  [[nodiscard]] Place place() const noexcept { return place_; }

 private:
  /// Makes bytes() the rest of the block at place_, which is at least one byte.
  int settle();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return block_.bytes().subspan(place_.offset);
  }

  Reader& reader_;
  std::uint64_t end_;
  Place place_;
  BlockCache::Pin block_;  ///< the block at place_, unless empty
};

/// Reads one `T` as it lies on disk.
template <class T>
int read_number(MetadataStream& stream, T& out) {
  return stream.read(&out, sizeof out);
}

}  // namespace berth::read
