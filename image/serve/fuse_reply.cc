// SPDX-License-Identifier: Apache-2.0
// Fills linux/fuse.h's structures. An image never changes, so everything is valid for ever.
#include "image/serve/fuse_reply.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace berth::serve {
namespace {

constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

constexpr std::uint32_t kWishes = FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_DO_READDIRPLUS |
                                  FUSE_READDIRPLUS_AUTO | FUSE_CACHE_SYMLINKS |
                                  FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT | FUSE_MAX_PAGES;
constexpr std::uint16_t kMostPages = 256;       ///< of one request; the kernel allows no more
constexpr std::uint32_t kSmallestWrite = 4096;  ///< nobody writes here; the kernel's own minimum
constexpr std::uint16_t kMostInBackground = 64;
constexpr std::uint16_t kCongestion = 48;
constexpr std::uint32_t kSectorBytes = 512;
/// What the kernel's driver tells as a directory's size has them; the listing that we read does
/// not.
constexpr std::uint32_t kDotsBytes = 3;

}  // namespace

fuse_init_out make_init(const fuse_init_in& from) noexcept {
  fuse_init_out out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = std::min<std::uint32_t>(from.minor, FUSE_KERNEL_MINOR_VERSION);
  out.max_readahead = from.max_readahead;
  out.flags = from.flags & kWishes;
  out.max_background = kMostInBackground;
  out.congestion_threshold = kCongestion;
  out.max_write = kSmallestWrite;
  out.time_gran = 1'000'000'000;
  out.max_pages = kMostPages;
  return out;
}

fuse_attr make_attributes(const read::Inode& inode, const Owner& owner) noexcept {
  fuse_attr out{};
  out.ino = inode.number;
  out.size = inode.size + (inode.is(S_IFDIR) ? kDotsBytes : 0);
  out.blocks = (inode.size - inode.sparse + kSectorBytes - 1) / kSectorBytes;
  out.atime = out.mtime = out.ctime = inode.mtime;
  out.mode = inode.mode;
  out.nlink = inode.links;
  out.uid = owner.uid;
  out.gid = owner.gid;
  out.rdev = inode.device;
  return out;
}

fuse_attr_out make_attr_out(const read::Inode& inode, const Owner& owner) noexcept {
  fuse_attr_out out{};
  out.attr_valid = kForEver;
  out.attr = make_attributes(inode, owner);
  return out;
}

fuse_entry_out make_entry(const read::Inode& inode,
                          std::uint64_t root,
                          const Owner& owner) noexcept {
  fuse_entry_out out{};
  out.nodeid = node_of(inode.reference, root);
  out.entry_valid = out.attr_valid = kForEver;
  out.attr = make_attributes(inode, owner);
  return out;
}

fuse_entry_out make_negative_entry() noexcept {
  fuse_entry_out out{};
  out.entry_valid = kForEver;
  return out;
}

fuse_statfs_out make_statfs(const read::Superblock& super) noexcept {
  fuse_statfs_out out{};
  out.st.bsize = out.st.frsize = super.block_size;
  out.st.blocks = (super.bytes_used + super.block_size - 1) / super.block_size;
  out.st.files = super.inodes;
  out.st.namelen = read::kLongestName - 1;
  return out;
}

bool EntryWriter::add(std::string_view name,
                      std::uint64_t number,
                      mode_t kind,
                      std::uint64_t next) noexcept {
  const fuse_dirent head{number, next, static_cast<std::uint32_t>(name.size()), kind >> 12};
  const std::size_t length = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name.size());
  if (room_.size() - size_ < length) return false;
  std::byte* at = room_.data() + size_;
  std::memset(at, 0, length);
  std::memcpy(at, &head, FUSE_NAME_OFFSET);
  std::memcpy(at + FUSE_NAME_OFFSET, name.data(), name.size());
  size_ += length;
  return true;
}

bool EntryWriter::add_plus(std::string_view name,
                           const fuse_entry_out& entry,
                           mode_t kind,
                           std::uint64_t next) noexcept {
  const std::size_t length = sizeof entry + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name.size());
  if (room_.size() - size_ < length) return false;
  std::memcpy(room_.data() + size_, &entry, sizeof entry);
  size_ += sizeof entry;
  return add(name, entry.attr.ino, kind, next);
}

}  // namespace berth::serve
