// SPDX-License-Identifier: Apache-2.0
// Walks an image as a curious reader would, within limits, and does not mind damage. The fuzz
// target and the test of flipped bytes share it; what they look for is found by the sanitizers.
#pragma once

#include "base/fd.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/serve/find_start.h"
#include "image/serve/preview.h"
#include "image/serve/serve.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace berth::serve {

struct Walked {
  bool is_refused = false;  ///< the superblock was not accepted
  unsigned entries = 0;
  unsigned damaged = 0;
  std::uint64_t bytes = 0;
};

class ImageWalk {
 public:
  explicit ImageWalk(read::Image& image) : reader_(image) {}

  Walked run() {
    visit(reader_.image().super.root, 0);
    return walked_;
  }

 private:
  static constexpr unsigned kMostEntries = 400;
  static constexpr unsigned kDeepest = 20;

  void visit(std::uint64_t reference, unsigned depth) {
    read::Inode inode;
    if (++walked_.entries > kMostEntries || depth > kDeepest) return;
    if (read_inode(reader_, reference, inode) != 0) {
      ++walked_.damaged;
    } else if (inode.is(S_IFDIR)) {
      list(inode, depth);
    } else if (inode.is(S_IFREG)) {
      read(inode);
    } else if (inode.is(S_IFLNK)) {
      std::string target;
      walked_.damaged += read_link(reader_, inode, target) != 0 ? 1 : 0;
    }
  }

  void list(const read::Inode& directory, unsigned depth) {
    read::Listing listing(reader_, directory);
    read::DirectoryEntry entry;
    read::DirectoryEntry found;
    int error = 0;
    while ((error = listing.next(entry)) == 0 && walked_.entries <= kMostEntries) {
      (void)find_entry(reader_, directory, entry.name(), found);
      if (listing.position() % 3 == 0) listing.leave_mark();
      visit(entry.reference, depth + 1);
    }
    walked_.damaged += error != 0 && error != ENOENT ? 1 : 0;
    (void)read::Listing(reader_, directory).seek(listing.position());
    (void)find_entry(reader_, directory, "no such name", found);
  }

  void read(const read::Inode& file) {
    std::vector<std::byte> room(70000);
    for (const std::uint64_t offset : {std::uint64_t{0}, file.size / 2, file.size - 1}) {
      std::size_t got = 0;
      walked_.damaged += read_file(reader_, file, offset, room, got) != 0 ? 1 : 0;
      walked_.bytes += got;
    }
  }

  read::Reader reader_;
  Walked walked_;
};

/// Opens the bytes as an image, previews and walks it.
inline Walked walk_image(std::span<const std::byte> bytes) {
  std::array<std::byte, read::kSuperblockBytes> head{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), head.size()), head.begin());
  if (!read::check_superblock(head.data(), bytes.size(), "image")) return {.is_refused = true};
  const UniqueFd file(::memfd_create("image", MFD_CLOEXEC));
  const UniqueFd nobody(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (::pwrite(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return {.is_refused = true};
  }
  read::Image image(file.get(), read::parse_superblock(head.data()));
  read::Reader reader(image);
  (void)send_preview(reader, find_start_files(reader), false, nobody.get());
  return ImageWalk(image).run();
}

}  // namespace berth::serve
