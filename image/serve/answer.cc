// SPDX-License-Identifier: Apache-2.0
// One function for each request that a read-only file system has to answer. ENOSYS to OPEN,
// OPENDIR, FLUSH, GETXATTR and the like makes the kernel stop asking, which is where the speed
// comes from.
#include "image/read/attributes.h"
#include "image/read/file_data.h"
#include "image/serve/session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace berth::serve {
namespace {

constexpr std::uint64_t kFirstPosition = 2;  ///< "." is 0, ".." is 1, then the listing's positions

struct Asked {
  read::Reader& reader;
  const Owner& owner;
  Exchange& exchange;

  [[nodiscard]] const read::Superblock& super() const { return reader.image().super; }

  int node(read::Inode& out) const {
    const std::uint64_t reference = reference_of(exchange.header.nodeid, super().root);
    return read_inode(reader, reference, out);
  }

  /// Whom this file belongs to.
  int find_owner(const read::Inode& inode, Owner& out) const {
    out = owner;
    if (!owner.is_stored) return 0;
    const int error = read::read_id(reader, inode.uid_index, out.uid);
    return error != 0 ? error : read::read_id(reader, inode.gid_index, out.gid);
  }
};

/// The fixed part of a request's body. Only the kernel writes requests, yet lengths are checked.
template <class T>
bool take(const Exchange& exchange, T& out) {
  if (exchange.body.size() < sizeof out) return false;
  std::memcpy(&out, exchange.body.data(), sizeof out);
  return true;
}

template <class T>
int give(Exchange& exchange, const T& answer) {
  std::memcpy(exchange.room.data(), &answer, sizeof answer);
  exchange.size = sizeof answer;
  return 0;
}

int answer_init(const Asked& asked) {
  fuse_init_in from{};
  // Old kernels send less than we know, new ones more.
  const std::size_t known = std::min(sizeof from, asked.exchange.body.size());
  std::memcpy(&from, asked.exchange.body.data(), known);
  // Another major version makes the kernel ask again with ours.
  if (from.major < FUSE_KERNEL_VERSION) return EPROTO;
  return give(asked.exchange, make_init(from));
}

int answer_lookup(const Asked& asked) {
  const auto body = asked.exchange.body;
  const auto* text = reinterpret_cast<const char*>(body.data());
  const std::string_view name{text, ::strnlen(text, body.size())};
  read::Inode directory;
  read::Inode found;
  read::DirectoryEntry entry;
  int error = asked.node(directory);
  if (error == 0) error = find_entry(asked.reader, directory, name, entry);
  if (error == ENOENT) return give(asked.exchange, make_negative_entry());
  if (error == 0) error = read_inode(asked.reader, entry.reference, found);
  Owner owner;
  if (error == 0) error = asked.find_owner(found, owner);
  if (error != 0) return error;
  return give(asked.exchange, make_entry(found, asked.super().root, owner));
}

int answer_getattr(const Asked& asked) {
  read::Inode inode;
  Owner owner;
  int error = asked.node(inode);
  if (error == 0) error = asked.find_owner(inode, owner);
  if (error != 0) return error;
  return give(asked.exchange, make_attr_out(inode, owner));
}

int answer_readlink(const Asked& asked) {
  read::Inode inode;
  std::string target;
  int error = asked.node(inode);
  if (error == 0) error = read_link(asked.reader, inode, target);
  if (error != 0) return error;
  std::memcpy(asked.exchange.room.data(), target.data(), target.size());
  asked.exchange.size = target.size();
  return 0;
}

int answer_read(const Asked& asked) {
  fuse_read_in from{};
  read::Inode inode;
  if (!take(asked.exchange, from)) return EINVAL;
  if (const int error = asked.node(inode); error != 0) return error;
  const std::size_t wanted = std::min<std::size_t>(from.size, asked.exchange.room.size());
  return read_file(
      asked.reader, inode, from.offset, asked.exchange.room.first(wanted), asked.exchange.size);
}

int answer_statfs(const Asked& asked) {
  return give(asked.exchange, make_statfs(asked.super()));
}

/// "." and "..", whose nodes the kernel knows.
bool add_dots(EntryWriter& out, const read::Inode& directory, std::uint64_t from, bool is_plus) {
  fuse_entry_out unknown{};
  const auto add = [&](std::string_view name, std::uint64_t number, std::uint64_t next) {
    unknown.attr.ino = number;
    return is_plus ? out.add_plus(name, unknown, S_IFDIR, next)
                   : out.add(name, number, S_IFDIR, next);
  };
  if (from == 0 && !add(".", directory.number, 1)) return false;
  return from > 1 || add("..", directory.parent, kFirstPosition);
}

/// Adds one entry; `fits` says whether there was room.
int add_entry(const Asked& asked,
              const read::DirectoryEntry& entry,
              std::uint64_t next,
              EntryWriter& out,
              bool& fits) {
  if (asked.exchange.header.opcode == FUSE_READDIR) {
    fits = out.add(entry.name(), entry.number, entry.kind, next);
    return 0;
  }
  read::Inode inode;
  Owner owner;
  int error = read_inode(asked.reader, entry.reference, inode);
  if (error == 0) error = asked.find_owner(inode, owner);
  if (error != 0) return error;
  const fuse_entry_out attributes = make_entry(inode, asked.super().root, owner);
  fits = out.add_plus(entry.name(), attributes, inode.mode & S_IFMT, next);
  return 0;
}

int add_entries(const Asked& asked, read::Listing& listing, EntryWriter& out) {
  read::DirectoryEntry entry;
  while (true) {
    const read::ListingState before = listing.state();
    int error = listing.next(entry);
    if (error == ENOENT) return 0;
    bool fits = false;
    if (error == 0) {
      error = add_entry(asked, entry, listing.position() + kFirstPosition, out, fits);
    }
    // What came before a damaged entry is given first: the next request finds the damage.
    if (error != 0 && out.size() == 0) return error;
    if (error != 0 || !fits) {
      listing.restore(before);
      listing.leave_mark();
      return 0;
    }
  }
}

int answer_readdir(const Asked& asked) {
  fuse_read_in from{};
  read::Inode directory;
  if (!take(asked.exchange, from)) return EINVAL;
  if (const int error = asked.node(directory); error != 0) return error;
  if (!directory.is(S_IFDIR)) return ENOTDIR;
  const std::size_t wanted = std::min<std::size_t>(from.size, asked.exchange.room.size());
  EntryWriter out(asked.exchange.room.first(wanted));
  read::Listing listing(asked.reader, directory);
  const bool is_plus = asked.exchange.header.opcode == FUSE_READDIRPLUS;
  const std::uint64_t start = std::max(from.offset, kFirstPosition) - kFirstPosition;
  if (start > directory.size) return 0;
  int error = listing.seek(static_cast<std::uint32_t>(start));
  if (error == 0 && add_dots(out, directory, from.offset, is_plus)) {
    error = add_entries(asked, listing, out);
  }
  asked.exchange.size = out.size();
  return error;
}

}  // namespace

int answer_request(read::Reader& reader, const Owner& owner, Exchange& exchange) {
  const Asked asked{reader, owner, exchange};
  switch (exchange.header.opcode) {
    case FUSE_INIT:
      return answer_init(asked);
    case FUSE_LOOKUP:
      return answer_lookup(asked);
    case FUSE_GETATTR:
      return answer_getattr(asked);
    case FUSE_READLINK:
      return answer_readlink(asked);
    case FUSE_READ:
      return answer_read(asked);
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
      return answer_readdir(asked);
    case FUSE_STATFS:
      return answer_statfs(asked);
    case FUSE_SETATTR:
    case FUSE_MKNOD:
    case FUSE_MKDIR:
    case FUSE_UNLINK:
    case FUSE_RMDIR:
    case FUSE_RENAME:
    case FUSE_RENAME2:
    case FUSE_LINK:
    case FUSE_SYMLINK:
    case FUSE_WRITE:
    case FUSE_CREATE:
    case FUSE_FALLOCATE:
    case FUSE_SETXATTR:
    case FUSE_REMOVEXATTR:
    case FUSE_TMPFILE:
      return EROFS;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_DESTROY:
      return 0;
    default:
      return ENOSYS;
  }
}

}  // namespace berth::serve
