// SPDX-License-Identifier: Apache-2.0
// Walks metadata blocks in the order in which they lie, so a walk ends at the end of the table.
#include "image/read/metadata.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace berth::read {

Place place_of(std::uint64_t table, std::uint64_t reference) noexcept {
  return {table + (reference >> 16 & 0xffffffff), static_cast<std::uint32_t>(reference & 0xffff)};
}

int MetadataStream::seek(Place place) {
  block_.release();
  place_ = place;
  return 0;
}

int MetadataStream::settle() {
  if (block_ && place_.offset == block_.bytes().size()) {
    place_ = {block_.next(), 0};
    block_.release();
  }
  if (block_) return 0;
  if (place_.block >= end_) return EIO;
  block_ = reader_.metadata_at(place_.block);
  if (!block_ || place_.offset > block_.bytes().size()) {
    block_.release();
    return EIO;
  }
  return place_.offset < block_.bytes().size() ? 0 : settle();
}

int MetadataStream::read(void* out, std::size_t count) {
  auto* to = static_cast<std::byte*>(out);
  while (count > 0) {
    if (const int error = settle(); error != 0) return error;
    const std::size_t part = std::min(count, bytes().size());
    std::memcpy(to, bytes().data(), part);
    place_.offset += static_cast<std::uint32_t>(part);
    to += part;
    count -= part;
  }
  return 0;
}

int MetadataStream::skip(std::size_t count) {
  while (count > 0) {
    if (const int error = settle(); error != 0) return error;
    const std::size_t part = std::min(count, bytes().size());
    place_.offset += static_cast<std::uint32_t>(part);
    count -= part;
  }
  return 0;
}

}  // namespace berth::read
