// SPDX-License-Identifier: Apache-2.0
// Directories of an image: entries in order from any position, and one entry by its name.
#pragma once

#include "image/read/inode.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace berth::read {

constexpr std::size_t kLongestName = 256;

struct DirectoryEntry {
  std::uint64_t reference = 0;
  std::uint32_t number = 0;
  mode_t kind = 0;
  std::uint16_t name_size = 0;
  std::array<char, kLongestName> name_bytes;

  [[nodiscard]] std::string_view name() const noexcept { return {name_bytes.data(), name_size}; }
};

/// Functions answer 0 or an errno: EIO where the listing is damaged.
class Listing {
 public:
  Listing(Reader& reader, const Inode& directory);

  /// Goes to a position() that an earlier Listing of the directory had, or the next entry's.
  int seek(std::uint32_t position);

  /// The next entry. ENOENT after the last one.
  int next(DirectoryEntry& out);

  /// Bytes of the listing that lie before the next entry.
  [[nodiscard]] std::uint32_t position() const noexcept { return state_.position; }

  /// A state that restore() brings back, on this Listing.
  [[nodiscard]] ListingState state() const noexcept;
  void restore(const ListingState& state);

  /// Lets a later seek() to here be quick.
  void leave_mark() const;

  /// Goes as far as the directory's index allows without passing `name`; from the position() `end`
  /// on it says that `name` is passed.
  int skip_towards(std::string_view name, std::uint64_t& end);

 private:
  int read_header();

  Reader& reader_;
  const Inode& directory_;
  MetadataStream stream_;
  ListingState state_;
};

/// The entry `name` of a directory. 0, ENOENT, or EIO.
int find_entry(Reader& reader, const Inode& directory, std::string_view name, DirectoryEntry& out);

/// The inode at `path` below the root, no symbolic link followed. 0, ENOENT, ENOTDIR, or EIO.
int find_path(Reader& reader, std::string_view path, Inode& out);

}  // namespace berth::read
