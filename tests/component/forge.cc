// SPDX-License-Identifier: Apache-2.0
#include "tests/component/forge.h"

#include "base/fd.h"
#include "image/read/attributes.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <set>
#include <string_view>

namespace berth::read {
namespace {

constexpr std::uint16_t kStored = 0x8000;

void join(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void append_text(Bytes& bytes, std::string_view text) {
  for (const char letter : text)
    bytes.push_back(std::byte(letter));
}

/// The reference of the byte `offset` of a stream whose whole blocks are stored.
std::uint64_t reference_of(std::size_t offset) {
  return std::uint64_t{offset / kMetadataBytes * (kMetadataBytes + 2)} << 16 |
         offset % kMetadataBytes;
}

Bytes stored_blocks(const Bytes& stream) {
  Bytes out;
  for (std::size_t done = 0; done < stream.size(); done += kMetadataBytes) {
    const auto first = stream.begin() + static_cast<std::ptrdiff_t>(done);
    const std::size_t size = std::min<std::size_t>(kMetadataBytes, stream.size() - done);
    join(out, metadata_block({first, first + static_cast<std::ptrdiff_t>(size)}, false));
  }
  return out;
}

/// Appends a table of one metadata block. Returns where its index lies.
std::uint64_t append_table(Bytes& image, const Bytes& entries) {
  const std::uint64_t block = image.size();
  join(image, stored_blocks(entries));
  const std::uint64_t index = image.size();
  append(image, block);
  return index;
}

double processor_seconds() {
  timespec at{};
  (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
}

class Look {
 public:
  Look(Image& image, const Bytes& bytes, Found& found)
      : reader_(image),
        present_(bytes.begin(), bytes.end()),
        found_(found) {
    present_.insert(std::byte{0});
  }

  void visit(std::uint64_t reference) {
    Inode inode;
    if (++found_.entries > kMostEntries) return;
    if (!is_fine(read_inode(reader_, reference, inode))) return;
    std::vector<Xattr> xattrs;
    (void)is_fine(read_xattrs(reader_, inode, xattrs));
    std::uint32_t owner = 0;
    (void)is_fine(read_id(reader_, inode.uid_index, owner));
    if (inode.is(S_IFDIR) && entered_.insert(reference).second) list(inode);
    if (inode.is(S_IFREG)) read(inode);
    if (inode.is(S_IFLNK)) follow(inode);
  }

 private:
  static constexpr unsigned kMostEntries = 3000;
  static constexpr std::byte kUnused{0xa5};

  bool is_fine(int error) {
    found_.errors += error != 0 ? 1 : 0;
    return error == 0;
  }

  void complain(const std::string& what) { found_.complaints.push_back(what); }

  void list(const Inode& directory) {
    Listing listing(reader_, directory);
    DirectoryEntry entry;
    DirectoryEntry same;
    int error = 0;
    while (found_.entries <= kMostEntries && (error = listing.next(entry)) == 0) {
      const std::string name(entry.name());
      found_.names.push_back(name);
      if (name.empty() || name.size() > kLongestName || name == "." || name == ".." ||
          name.find('/') != std::string::npos || name.find('\0') != std::string::npos)
        complain("a name: " + name);
      // Sound listings are sorted. In others an entry may not be found, or what lies before it.
      (void)find_entry(reader_, directory, name, same);
      visit(entry.reference);
    }
    (void)is_fine(error == ENOENT ? 0 : error);
    (void)Listing(reader_, directory).seek(listing.position());
    (void)find_entry(reader_, directory, "\xff", same);
  }

  void read(const Inode& file) {
    Bytes room(65536);
    for (const std::uint64_t offset : {std::uint64_t{0}, file.size / 2, file.size - 65536}) {
      if (offset >= file.size) continue;
      std::fill(room.begin(), room.end(), kUnused);
      std::size_t got = 0;
      const bool is_whole = is_fine(read_file(reader_, file, offset, room, got));
      if (got > std::min<std::uint64_t>(room.size(), file.size - offset)) complain("too much");
      if (is_whole && got < std::min<std::uint64_t>(room.size(), file.size - offset))
        complain("too little without an error");
      const auto end = room.begin() + static_cast<std::ptrdiff_t>(got);
      if (!std::all_of(room.begin(), end, [&](std::byte b) { return present_.contains(b); }))
        complain("bytes that the image does not have");
      found_.bytes += got;
    }
  }

  void follow(const Inode& link) {
    std::string target;
    if (!is_fine(read_link(reader_, link, target))) return;
    if (target.size() != link.size || target.size() > kLongestLink) complain("a target");
    found_.names.push_back(target);
  }

  Reader reader_;
  std::set<std::byte> present_;
  std::set<std::uint64_t> entered_;
  Found& found_;
};

}  // namespace

Bytes repeated(std::byte value, std::uint32_t size) {
  // One block (RFC 8878): a frame with four bytes of content size, and a run of one byte. A run is
  // at most 128 KiB.
  constexpr std::uint32_t kLongestRun = 128 * 1024;
  Bytes out;
  append(out, std::uint32_t{0xfd2fb528});
  append(out, std::uint8_t{0xa0});
  append(out, size);
  for (std::uint32_t done = 0; done < size; done += kLongestRun) {
    const std::uint32_t run = std::min(kLongestRun, size - done);
    const std::uint32_t head = run << 3 | 1U << 1 | (done + run == size ? 1U : 0U);
    append(out, static_cast<std::uint16_t>(head));
    append(out, static_cast<std::uint8_t>(head >> 16));
    out.push_back(value);
  }
  return out;
}

Bytes metadata_block(const Bytes& bytes, bool is_compressed) {
  Bytes out;
  append(out, static_cast<std::uint16_t>(bytes.size() | (is_compressed ? 0U : kStored)));
  join(out, bytes);
  return out;
}

std::uint64_t Forge::next_inode() const {
  return reference_of(inodes_.size());
}

std::uint64_t Forge::next_listing() const {
  return reference_of(listings_.size());
}

void Forge::begin_inode(std::uint16_t type) {
  append(inodes_, type);
  append(inodes_, std::uint16_t{0755});
  append(inodes_, std::uint32_t{0});  // the two indices of ids
  append(inodes_, std::uint32_t{1});  // mtime
  append(inodes_, std::uint32_t{1});  // number
}

std::uint64_t Forge::add_file(const ForgedFile& file) {
  const std::uint64_t reference = next_inode();
  begin_inode(9);
  append(inodes_, file.start);
  append(inodes_, file.size);
  append(inodes_, std::uint64_t{0});  // sparse
  append(inodes_, std::uint32_t{1});  // links
  append(inodes_, file.fragment);
  append(inodes_, file.fragment_offset);
  append(inodes_, kNoXattrs);
  for (const std::uint32_t block : file.blocks)
    append(inodes_, block);
  return reference;
}

std::uint64_t Forge::add_link(std::uint32_t size, const std::string& target) {
  const std::uint64_t reference = next_inode();
  begin_inode(3);
  append(inodes_, std::uint32_t{1});  // links
  append(inodes_, size);
  append_text(inodes_, target);
  return reference;
}

std::uint64_t Forge::add_directory(const std::vector<ForgedEntry>& entries) {
  const std::uint64_t listing = next_listing();
  const std::size_t begin = listings_.size();
  for (const ForgedEntry& entry : entries) {
    append(listings_, std::uint32_t{0});  // one entry under this header
    append(listings_, static_cast<std::uint32_t>(entry.inode >> 16));
    append(listings_, std::uint32_t{1});  // number
    append(listings_, static_cast<std::uint16_t>(entry.inode));
    append(listings_, std::uint16_t{0});  // number, from there
    append(listings_, entry.type);
    append(listings_, static_cast<std::uint16_t>(entry.name.size() - 1 + entry.longer));
    append_text(listings_, entry.name);
  }
  return add_directory_at(listing, static_cast<std::uint32_t>(listings_.size() - begin));
}

std::uint64_t Forge::add_directory_at(std::uint64_t listing, std::uint32_t size) {
  const std::uint64_t reference = next_inode();
  begin_inode(8);
  append(inodes_, std::uint32_t{2});  // links
  append(inodes_, size + 3);
  append(inodes_, static_cast<std::uint32_t>(listing >> 16));
  append(inodes_, std::uint32_t{1});  // parent
  append(inodes_, std::uint16_t{0});  // entries of the index
  append(inodes_, static_cast<std::uint16_t>(listing));
  append(inodes_, kNoXattrs);
  return reference;
}

Bytes Forge::finish(std::uint64_t root) const {
  Bytes image(kSuperblockBytes);
  join(image, data);
  patch(image, 64, std::uint64_t{image.size()});
  join(image, stored_blocks(inodes_));
  join(image, more_inodes);
  patch(image, 72, std::uint64_t{image.size()});
  join(image, stored_blocks(listings_));
  join(image, more_listings);
  patch(image, 80, fragments.empty() ? kNoTable : append_table(image, fragments));
  patch(image, 48, append_table(image, Bytes(4)));
  patch(image, 0, std::uint32_t{0x73717368});
  patch(image, 4, std::uint32_t{1});
  patch(image, 12, std::uint32_t{4096});
  patch(image, 16, static_cast<std::uint32_t>(fragments.size() / 16));
  patch(image, 20, std::uint16_t{6});
  patch(image, 22, std::uint16_t{12});
  patch(image, 26, std::uint16_t{1});
  patch(image, 28, std::uint16_t{4});
  patch(image, 32, root);
  patch(image, 40, std::uint64_t{image.size()});
  patch(image, 56, kNoTable);
  patch(image, 88, kNoTable);
  return image;
}

Found look_at(const Bytes& image) {
  Found found;
  const UniqueFd file(::memfd_create("image", MFD_CLOEXEC));
  if (::write(file.get(), image.data(), image.size()) != static_cast<ssize_t>(image.size())) {
    found.complaints.emplace_back("the image could not be written");
    return found;
  }
  const double begin = processor_seconds();
  const auto super = read_superblock(file.get(), "image");
  found.is_refused = !super;
  if (super) {
    Image open(file.get(), *super);
    Look(open, image, found).visit(super->root);
  }
  found.seconds = processor_seconds() - begin;
  return found;
}

}  // namespace berth::read
