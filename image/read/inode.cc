// SPDX-License-Identifier: Apache-2.0
// Decodes inodes field by field (squashfs_fs.h and Documentation/filesystems/squashfs.rst of Linux
// name them). What is decoded is checked here once, and trusted afterwards.
#include "image/read/inode.h"

#include <array>
#include <cerrno>
#include <limits>

namespace berth::read {
namespace {

constexpr unsigned kBasicKinds = 7;
constexpr std::uint64_t kLargestFile = std::numeric_limits<std::int64_t>::max();
/// A listing counts three bytes for "." and "..", which are not in it.
constexpr std::uint32_t kDotsBytes = 3;

/// Reads numbers one after the other and remembers whether one could not be read.
class Fields {
 public:
  explicit Fields(MetadataStream& stream) : stream_(stream) {}

  template <class T>
  T take() {
    T value{};
    if (error_ == 0) error_ = read_number(stream_, value);
    return error_ == 0 ? value : T{};
  }

  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  MetadataStream& stream_;
  int error_ = 0;
};

void take_directory(Fields& fields, Inode& inode) {
  const auto block = fields.take<std::uint32_t>();
  inode.links = fields.take<std::uint32_t>();
  inode.size = fields.take<std::uint16_t>();
  const auto offset = fields.take<std::uint16_t>();
  inode.parent = fields.take<std::uint32_t>();
  inode.listing = std::uint64_t{block} << 16 | offset;
}

void take_long_directory(Fields& fields, Inode& inode) {
  inode.links = fields.take<std::uint32_t>();
  inode.size = fields.take<std::uint32_t>();
  const auto block = fields.take<std::uint32_t>();
  inode.parent = fields.take<std::uint32_t>();
  inode.index_count = fields.take<std::uint16_t>();
  const auto offset = fields.take<std::uint16_t>();
  inode.xattrs = fields.take<std::uint32_t>();
  inode.listing = std::uint64_t{block} << 16 | offset;
}

void take_file(Fields& fields, Inode& inode) {
  inode.blocks_start = fields.take<std::uint32_t>();
  inode.fragment = fields.take<std::uint32_t>();
  inode.fragment_offset = fields.take<std::uint32_t>();
  inode.size = fields.take<std::uint32_t>();
}

void take_long_file(Fields& fields, Inode& inode) {
  inode.blocks_start = fields.take<std::uint64_t>();
  inode.size = fields.take<std::uint64_t>();
  inode.sparse = fields.take<std::uint64_t>();
  inode.links = fields.take<std::uint32_t>();
  inode.fragment = fields.take<std::uint32_t>();
  inode.fragment_offset = fields.take<std::uint32_t>();
  inode.xattrs = fields.take<std::uint32_t>();
}

/// Links, devices, fifos and sockets; the extended kinds add attributes at the end.
void take_other(Fields& fields, Inode& inode) {
  inode.links = fields.take<std::uint32_t>();
  if (inode.is(S_IFLNK)) inode.size = fields.take<std::uint32_t>();
  if (inode.is(S_IFCHR) || inode.is(S_IFBLK)) inode.device = fields.take<std::uint32_t>();
}

/// The attributes of the extended ones, which those of a link stand behind its target.
int take_other_xattrs(MetadataStream& stream, Fields& fields, Inode& inode) {
  if (!inode.is(S_IFLNK)) {
    inode.xattrs = fields.take<std::uint32_t>();
    return fields.error();
  }
  if (inode.size > kLongestLink) return 0;  // read_link() refuses it
  const Place target = stream.place();
  if (stream.skip(inode.size) != 0 || read_number(stream, inode.xattrs) != 0) return EIO;
  stream.seek(target);
  return 0;
}

void take_kind(Fields& fields, bool is_long, Inode& inode) {
  if (inode.is(S_IFDIR)) {
    is_long ? take_long_directory(fields, inode) : take_directory(fields, inode);
  } else if (inode.is(S_IFREG)) {
    is_long ? take_long_file(fields, inode) : take_file(fields, inode);
  } else {
    take_other(fields, inode);
  }
}

/// Blocks that the inode table cannot list are not there: the check bounds every later walk.
int check_file(const Superblock& super, Inode& inode) {
  if (inode.size > kLargestFile || inode.blocks_start > super.bytes_used) return EIO;
  const bool has_fragment = inode.fragment != kNoFragment;
  if (has_fragment && inode.fragment >= super.fragments) return EIO;
  std::uint64_t blocks = inode.size >> super.block_log;
  if (!has_fragment && (inode.size & (super.block_size - 1)) != 0) ++blocks;
  // The shortest metadata block is two bytes of header and one of data.
  const std::uint64_t metadata_blocks = (super.directory_table - super.inode_table) / 3 + 1;
  if (blocks > metadata_blocks * (kMetadataBytes / 4)) return EIO;
  if (blocks > std::numeric_limits<std::uint32_t>::max()) return EIO;
  inode.block_count = static_cast<std::uint32_t>(blocks);
  if (inode.sparse > inode.size) inode.sparse = inode.size;
  return 0;
}

int check_directory(Inode& inode) {
  inode.size = inode.size < kDotsBytes ? 0 : inode.size - kDotsBytes;
  return (inode.listing & 0xffff) < kMetadataBytes ? 0 : EIO;
}

int check(const Superblock& super, Inode& inode) {
  if (inode.is(S_IFREG)) return check_file(super, inode);
  if (inode.is(S_IFDIR)) return check_directory(inode);
  return inode.is(S_IFLNK) && inode.size > 0xffff ? EIO : 0;
}

}  // namespace

mode_t kind_of(unsigned type) noexcept {
  constexpr std::array<mode_t, kBasicKinds> kKinds{
      S_IFDIR, S_IFREG, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK};
  return type == 0 || type > 2 * kBasicKinds ? 0 : kKinds.at((type - 1) % kBasicKinds);
}

int read_inode(Reader& reader, std::uint64_t reference, Inode& out) {
  const Superblock& super = reader.image().super;
  MetadataStream stream(reader, super.directory_table);
  stream.seek(place_of(super.inode_table, reference));
  Fields fields(stream);
  Inode inode;
  const auto type = fields.take<std::uint16_t>();
  inode.reference = reference;
  inode.mode = fields.take<std::uint16_t>() & 07777;
  inode.uid_index = fields.take<std::uint16_t>();
  inode.gid_index = fields.take<std::uint16_t>();
  inode.mtime = fields.take<std::uint32_t>();
  inode.number = fields.take<std::uint32_t>();
  if (fields.error() != 0 || kind_of(type) == 0) return EIO;
  inode.mode |= kind_of(type);
  take_kind(fields, type > kBasicKinds, inode);
  if (fields.error() != 0 || check(super, inode) != 0) return EIO;
  if (type > kBasicKinds && !inode.is(S_IFDIR) && !inode.is(S_IFREG) &&
      take_other_xattrs(stream, fields, inode) != 0)
    return EIO;
  inode.after = stream.place();
  out = inode;
  return 0;
}

int read_link(Reader& reader, const Inode& inode, std::string& out) {
  if (!inode.is(S_IFLNK)) return EINVAL;
  if (inode.size > kLongestLink) return ENAMETOOLONG;
  out.resize(inode.size);
  MetadataStream stream(reader, reader.image().super.directory_table);
  stream.seek(inode.after);
  if (const int error = stream.read(out.data(), out.size()); error != 0) return error;
  return out.empty() || out.find('\0') != std::string::npos ? EIO : 0;
}

}  // namespace berth::read
