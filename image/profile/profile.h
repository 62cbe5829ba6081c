// SPDX-License-Identifier: Apache-2.0
// What a program's start reads of an image, as two texts: the record that `berth run
// --record-profile` writes, of blocks of inodes in the order of their first use, and the list that
// `berth image optimize` puts into an image, of ranges of its file that are to be read ahead. Pure.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::profile {

/// Numbers of an image's superblock that tell it from others.
struct Stamp {
  std::uint64_t bytes_used = 0;
  std::uint64_t inode_table = 0;  ///< where it begins
  std::uint64_t root = 0;         ///< reference of the root's inode

  bool operator==(const Stamp&) const = default;
};

/// A block of a file that was read.
struct Touch {
  std::uint64_t inode = 0;  ///< the inode's reference
  std::uint64_t block = 0;  ///< its number in the file, from 0; the tail's is the last

  bool operator==(const Touch&) const = default;
};

constexpr std::size_t kMostTouches = 1 << 16;
constexpr std::size_t kMostRecordBytes = 4 << 20;  ///< of a record's text

/// The first line of a record, and each that follows.
std::string first_line(const Stamp& stamp);
std::string line_of(const Touch& touch);

/// The touches of the record `name`, in order. A last line that is not whole is what a container
/// that was killed leaves, and is passed over. Errors: no record, or one of another image.
Result<std::vector<Touch>> parse_record(std::string_view text,
                                        const Stamp& stamp,
                                        const std::string& name);

/// Bytes of an image's file.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;

  bool operator==(const Range&) const = default;
};

constexpr const char* kListPath = ".berth/profile";  ///< in an image
constexpr std::size_t kMostListBytes = 2 << 20;

/// Bytes that the list of so many ranges takes at most.
std::size_t room_for(std::size_t ranges);

/// The list for an image with that `stamp`, filled up with newlines to `bytes`.
std::string make_list(const Stamp& stamp, std::span<const Range> ranges, std::size_t bytes);

/// Its ranges; none where it is no list, or one of another image: it is a hint, and nobody is told.
/// The text is hostile: of what is returned, only that offset + bytes does not overflow is sure.
std::vector<Range> parse_list(std::string_view text, const Stamp& stamp);

/// The ranges in the order of their offsets, those joined between which less than kGap is left out:
/// reading on is cheaper there than another request.
std::vector<Range> joined(std::vector<Range> ranges);
constexpr std::uint64_t kGap = 64 << 10;  ///< bytes

/// The ranges as far as they lie in a file of `file_bytes` and come to `most` bytes together; those
/// of which nothing is left are not among them.
std::vector<Range> clipped(std::span<const Range> ranges,
                           std::uint64_t file_bytes,
                           std::uint64_t most);

}  // namespace berth::profile
