// SPDX-License-Identifier: Apache-2.0
// A listing is headers, each followed by up to 256 entries. Positions count its bytes, so that they
// grow, stay the same for ever, and fit in what readdir(3) calls an offset.
#include "image/read/directory.h"

#include "image/read/walk_clock.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace berth::read {
namespace {

struct ListingHeader {
  std::uint32_t count;  ///< of entries, less one
  std::uint32_t inodes;
  std::uint32_t number;
};

struct EntryHead {
  std::uint16_t offset;
  std::int16_t number;
  std::uint16_t type;
  std::uint16_t size;  ///< of the name, less one
};

struct IndexHead {
  std::uint32_t position;
  std::uint32_t block;
  std::uint32_t size;  ///< of the name, less one
};

constexpr std::uint32_t kMostEntries = 256;

/// A name that the kernel would take for a path, or for another name, is none.
bool is_name(std::string_view name) {
  return name != "." && name != ".." && std::memchr(name.data(), '/', name.size()) == nullptr &&
         std::memchr(name.data(), '\0', name.size()) == nullptr;
}

}  // namespace

Listing::Listing(Reader& reader, const Inode& directory)
    : reader_(reader),
      directory_(directory),
      stream_(reader, reader.image().super.bytes_used) {
  const Place start = place_of(reader.image().super.directory_table, directory.listing);
  restore({start.block, start.offset});
}

ListingState Listing::state() const noexcept {
  ListingState state = state_;
  state.block = stream_.place().block;
  state.offset = stream_.place().offset;
  return state;
}

void Listing::restore(const ListingState& state) {
  state_ = state;
  stream_.seek({state.block, state.offset});
}

void Listing::leave_mark() const {
  reader_.image().directory_marks.remember(directory_.reference, state());
}

int Listing::seek(std::uint32_t position) {
  ListingState state;
  if (position == state_.position) return 0;
  if (reader_.image().directory_marks.find(directory_.reference, position, state)) {
    restore(state);
    return 0;
  }
  DirectoryEntry entry;
  WalkClock clock(reader_.image().longest_walk, stream_.place().block);
  while (state_.position < position) {
    if (clock.is_over(stream_.place().block)) return EIO;
    if (const int error = next(entry); error != 0) return error == ENOENT ? 0 : error;
  }
  return 0;
}

int Listing::read_header() {
  ListingHeader header{};
  if (directory_.size - state_.position < sizeof header) return EIO;
  if (const int error = read_number(stream_, header); error != 0) return error;
  if (header.count >= kMostEntries) return EIO;
  state_.position += sizeof header;
  state_.left = header.count + 1;
  state_.inodes = header.inodes;
  state_.number = header.number;
  return 0;
}

int Listing::next(DirectoryEntry& out) {
  if (state_.left == 0) {
    if (state_.position >= directory_.size) return ENOENT;
    if (const int error = read_header(); error != 0) return error;
  }
  EntryHead head{};
  if (const int error = read_number(stream_, head); error != 0) return error;
  const std::uint32_t name_size = head.size + 1U;
  const std::uint32_t length = sizeof head + name_size;
  if (name_size > kLongestName || directory_.size - state_.position < length) return EIO;
  if (const int error = stream_.read(out.name_bytes.data(), name_size); error != 0) return error;
  out.name_size = static_cast<std::uint16_t>(name_size);
  out.kind = kind_of(head.type);
  out.reference = std::uint64_t{state_.inodes} << 16 | head.offset;
  out.number = state_.number + static_cast<std::uint32_t>(std::int32_t{head.number});
  state_.position += length;
  --state_.left;
  return out.kind != 0 && is_name(out.name()) ? 0 : EIO;
}

int Listing::skip_towards(std::string_view name, std::uint64_t& end) {
  end = directory_.size;
  const Superblock& super = reader_.image().super;
  MetadataStream index(reader_, super.directory_table);
  index.seek(directory_.after);
  std::array<char, kLongestName> first;
  WalkClock clock(reader_.image().longest_walk, index.place().block);
  for (std::uint32_t i = 0; i < directory_.index_count; ++i) {
    if (clock.is_over(index.place().block)) return EIO;
    IndexHead head{};
    if (const int error = read_number(index, head); error != 0) return error;
    if (head.size >= kLongestName || head.position >= directory_.size) return EIO;
    if (const int error = index.read(first.data(), head.size + 1); error != 0) return error;
    if (std::string_view{first.data(), head.size + 1} > name) {
      end = head.position;
      break;
    }
    const auto offset = (directory_.listing & 0xffff) + head.position;
    restore({.block = super.directory_table + head.block,
             .offset = static_cast<std::uint32_t>(offset % kMetadataBytes),
             .position = head.position});
  }
  return 0;
}

int find_entry(Reader& reader, const Inode& directory, std::string_view name, DirectoryEntry& out) {
  if (!directory.is(S_IFDIR)) return ENOTDIR;
  if (name.empty() || name.size() > kLongestName) return ENOENT;
  Listing listing(reader, directory);
  std::uint64_t end = 0;
  if (const int error = listing.skip_towards(name, end); error != 0) return error;
  WalkClock clock(reader.image().longest_walk, listing.state().block);
  while (listing.position() < end) {
    if (clock.is_over(listing.state().block)) return EIO;
    if (const int error = listing.next(out); error != 0) return error;
    if (out.name() == name) return 0;
    // Names are sorted; Linux trusts the first byte of that, and so do images.
    if (static_cast<unsigned char>(out.name().front()) > static_cast<unsigned char>(name.front())) {
      return ENOENT;
    }
  }
  return ENOENT;
}

int find_path(Reader& reader, std::string_view path, Inode& out) {
  int error = read_inode(reader, reader.image().super.root, out);
  while (error == 0 && !path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    DirectoryEntry entry;
    error = find_entry(reader, out, path.substr(0, end), entry);
    if (error == 0) error = read_inode(reader, entry.reference, out);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return error;
}

}  // namespace berth::read
