// SPDX-License-Identifier: Apache-2.0
#include "tests/component/image_look.h"

#include "base/fd.h"
#include "image/read/attributes.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <set>
#include <string_view>

namespace berth::read {
namespace {

double processor_seconds() {
  timespec at{};
  (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
}

class Look {
 public:
  Look(Image& image, Found& found) : reader_(image), found_(found) {}

  /// From now on contents may have these bytes only, and zeros.
  void expect_only(std::span<const std::byte> bytes) {
    present_ = {};
    present_.front() = true;
    for (const std::byte byte : bytes)
      present_.at(std::to_integer<unsigned char>(byte)) = true;
    is_any_present_ = false;
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
  static constexpr std::size_t kPart = 20000;

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
      if (find_entry(reader_, directory, name, same) == 0 && same.name() != name)
        complain("another than " + name);
      if (found_.entries % 3 == 0) listing.leave_mark();
      visit(entry.reference);
    }
    (void)is_fine(error == ENOENT ? 0 : error);
    Listing(reader_, directory).leave_mark();
    (void)Listing(reader_, directory).seek(listing.position());
    (void)find_entry(reader_, directory, "\xff", same);
  }

  void read(const Inode& file) {
    for (const std::uint64_t offset : {std::uint64_t{0}, file.size / 2, file.size - kPart}) {
      if (offset < file.size) read_part(file, offset);
    }
    BlockAt block;
    for (const std::uint64_t number : {0U, file.block_count - 1, file.block_count})
      (void)find_block(reader_, file, number, block);
    (void)find_plain_bytes(reader_, file);
  }

  void read_part(const Inode& file, std::uint64_t offset) {
    const std::size_t wanted = std::min<std::uint64_t>(kPart, file.size - offset);
    constexpr std::size_t kTooMuch = 16;
    std::vector<std::byte> room(wanted + (wanted < kPart ? kTooMuch : 0), std::byte{0xa5});
    std::size_t got = 0;
    const bool is_whole = is_fine(read_file(reader_, file, offset, room, got));
    if (got > wanted) return complain("too much");
    if (is_whole && got < wanted) return complain("too little without an error");
    found_.bytes += got;
    room.resize(got);
    if (!is_any_present_ && !std::all_of(room.begin(), room.end(), [&](std::byte b) {
          return present_.at(std::to_integer<unsigned char>(b));
        }))
      complain("bytes that the image does not have");
    // What nobody wrote differs the second time.
    std::vector<std::byte> other(wanted, std::byte{0x5a});
    (void)read_file(reader_, file, offset, other, got);
    other.resize(got);
    if (other != room) complain("bytes that nobody wrote");
  }

  void follow(const Inode& link) {
    std::string target;
    if (!is_fine(read_link(reader_, link, target))) return;
    if (target.size() != link.size || target.size() > kLongestLink ||
        target.find('\0') != std::string::npos)
      complain("a target");
    found_.names.push_back(target);
  }

  Reader reader_;
  Found& found_;
  bool is_any_present_ = true;
  std::array<bool, 256> present_ = {};
  std::set<std::uint64_t> entered_;
};

}  // namespace

Found look_at(std::span<const std::byte> image,
              Contents contents,
              const std::function<void(Image&)>& first) {
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
    if (first) first(open);
    Look look(open, found);
    if (contents == Contents::of_the_image) look.expect_only(image);
    look.visit(super->root);
  }
  found.seconds = processor_seconds() - begin;
  return found;
}

}  // namespace berth::read
