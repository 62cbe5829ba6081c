// SPDX-License-Identifier: Apache-2.0
#include "image/squash/tables.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include <sqfs/block.h>
#include <sqfs/error.h>

namespace berth::squash {

namespace {

constexpr std::uint64_t kNowhere = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t kNoXattrs = std::numeric_limits<std::uint32_t>::max();

std::uint16_t type_bits_of(Kind kind) {
  switch (kind) {
    case Kind::directory:
      return S_IFDIR;
    case Kind::file:
      return S_IFREG;
    case Kind::symlink:
      return S_IFLNK;
    case Kind::fifo:
      return S_IFIFO;
    case Kind::socket:
      break;
  }
  return S_IFSOCK;
}

std::uint16_t mode_of(const Inode& inode) {
  return static_cast<std::uint16_t>(type_bits_of(inode.kind) | inode.mode);
}

/// Where the next inode will stand: block and offset in one number, as entries refer to it.
std::uint64_t place_of(const sqfs_meta_writer_t* writer) {
  sqfs_u64 block = 0;
  sqfs_u32 offset = 0;
  sqfs_meta_writer_get_position(writer, &block, &offset);
  return (block << 16U) | offset;
}

/// Zeroed, with room for `extra` bytes behind it; from calloc, because the library frees and may
/// enlarge inodes. Null when there is no memory.
InodePtr make_inode(std::size_t extra) {
  return InodePtr(
      static_cast<sqfs_inode_generic_t*>(std::calloc(1, sizeof(sqfs_inode_generic_t) + extra)));
}

/// Whether the listing that was just written is not in one metadata block.
bool is_in_several_blocks(const sqfs_dir_writer_t* writer) {
  constexpr sqfs_u64 kOffsetBits = 0xffff;
  const sqfs_u64 begin = sqfs_dir_writer_get_dir_reference(writer) & kOffsetBits;
  return begin + sqfs_dir_writer_get_size(writer) > SQFS_META_BLOCK_SIZE;
}

}  // namespace

Tables::Tables(const Tree& tree,
               unsigned block_size,
               Locate locate,
               Output& output,
               sqfs_compressor_t* compressor)
    : tree_(tree),
      block_size_(block_size),
      locate_(std::move(locate)),
      output_(output),
      compressor_(compressor),
      inode_blocks_(compressor),
      listing_blocks_(compressor),
      inodes_(sqfs_meta_writer_create(output.file(), inode_blocks_.get(), 0)),
      listings_(sqfs_meta_writer_create(
          output.file(), listing_blocks_.get(), SQFS_META_WRITER_KEEP_IN_MEMORY)),
      directories_(sqfs_dir_writer_create(listings_.get(), 0)),
      ids_(sqfs_id_table_create(0)),
      xattrs_(sqfs_xattr_writer_create(0)),
      numbers_(tree.inodes.size(), 0),
      places_(tree.inodes.size(), kNowhere) {}

Status Tables::write(sqfs_super_t& super) {
  if (!inodes_ || !listings_ || !directories_ || !ids_ || !xattrs_)
    return check(SQFS_ERROR_ALLOC, output_);
  number(0);
  numbers_[0] = ++count_;
  super.inode_count = count_;
  super.inode_table_start = output_.size();
  // By convention the root's parent is one more than there are inodes.
  auto root = write_directory(0, count_ + 1);
  if (!root) return std::move(root.error());
  BERTH_TRY(write_inode(0, **root));
  super.root_inode_ref = places_[0];
  BERTH_TRY(check(sqfs_meta_writer_flush(inodes_.get()), output_));
  BERTH_TRY(check(sqfs_meta_writer_flush(listings_.get()), output_));
  super.directory_table_start = output_.size();
  return check(sqfs_meta_write_write_to_file(listings_.get()), output_);
}

Status Tables::write_ids(sqfs_super_t& super) {
  BERTH_TRY(check(sqfs_id_table_write(ids_.get(), output_.file(), &super, compressor_), output_));
  return check(sqfs_xattr_writer_flush(xattrs_.get(), output_.file(), &super, compressor_),
               output_);
}

/// Inodes are numbered in the order in which write_directory writes them: what is in one directory
/// stands together, below what is in its subdirectories.
void Tables::number(unsigned directory) {
  const auto& names = tree_.inodes[directory].names;
  for (const Name& name : names) {
    if (tree_.inodes[name.inode].kind == Kind::directory) number(name.inode);
  }
  for (const Name& name : names) {
    if (numbers_[name.inode] == 0) numbers_[name.inode] = ++count_;
  }
}

/// Writes all that is in the directory and its listing; its own inode is the caller's to write.
Result<InodePtr> Tables::write_directory(unsigned index, std::uint32_t parent) {
  const Inode& directory = tree_.inodes[index];
  std::vector<std::pair<unsigned, InodePtr>> inner;
  for (const Name& name : directory.names) {
    if (tree_.inodes[name.inode].kind != Kind::directory) continue;
    auto inode = write_directory(name.inode, numbers_[index]);
    if (!inode) return inode;
    inner.emplace_back(name.inode, std::move(*inode));
  }
  auto next = inner.begin();
  for (const Name& name : directory.names) {
    if (next != inner.end() && next->first == name.inode) {
      BERTH_TRY(write_inode(name.inode, *next->second));
      ++next;
    } else if (places_[name.inode] == kNowhere) {
      BERTH_TRY(write_other(name.inode));
    }
  }
  BERTH_TRY(write_listing(directory));
  const auto xattrs = add_xattrs(directory);
  if (!xattrs) return xattrs.error();
  // The library gives an index to directories with attributes, and to those of more than 64 KiB.
  // Without one, each lookup reads the listing from its beginning, block by block.
  constexpr std::uint32_t kAny = 0;
  const bool wants_index = is_in_several_blocks(directories_.get());
  InodePtr inode(sqfs_dir_writer_create_inode(
      directories_.get(), inner.size() + 2, wants_index ? kAny : *xattrs, parent));
  if (!inode) BERTH_TRY(check(SQFS_ERROR_ALLOC, output_));
  if (inode->base.type == SQFS_INODE_EXT_DIR) inode->data.dir_ext.xattr_idx = *xattrs;
  return inode;
}

Status Tables::write_listing(const Inode& directory) {
  BERTH_TRY(check(sqfs_dir_writer_begin(directories_.get(), 0), output_));
  for (const Name& name : directory.names) {
    BERTH_TRY(check(sqfs_dir_writer_add_entry(directories_.get(),
                                              name.name.c_str(),
                                              numbers_[name.inode],
                                              places_[name.inode],
                                              mode_of(tree_.inodes[name.inode])),
                    output_));
  }
  if (directory.is_first_read) listing_blocks_.spare();
  const int answer = sqfs_dir_writer_end(directories_.get());
  listing_blocks_.stop_sparing();
  return check(answer, output_);
}

/// A file, symlink, fifo or socket, which may have several names.
Status Tables::write_other(unsigned index) {
  const Inode& from = tree_.inodes[index];
  auto made = from.kind == Kind::file ? make_file(locate_(from.content)) : make_special(from);
  if (!made) return std::move(made.error());
  sqfs_inode_generic_t* inode = made->get();
  const auto xattrs = add_xattrs(from);
  if (!xattrs) return xattrs.error();
  BERTH_TRY(check(sqfs_inode_set_xattr_index(inode, *xattrs), output_));
  if (from.kind != Kind::file) {
    inode->data.ipc.nlink = from.links;  // the first field of these kinds, basic or extended
  } else if (from.links > 1 || inode->base.type == SQFS_INODE_EXT_FILE) {
    BERTH_TRY(check(sqfs_inode_make_extended(inode), output_));
    inode->data.file_ext.nlink = from.links;
  }
  return write_inode(index, *inode);
}

Result<InodePtr> Tables::make_file(const Extent& extent) const {
  InodePtr made = make_inode(extent.blocks.size_bytes());
  if (!made) BERTH_TRY(check(SQFS_ERROR_ALLOC, output_));
  sqfs_inode_generic_t& inode = *made;
  inode.base.type = SQFS_INODE_FILE;
  inode.payload_bytes_used = static_cast<std::uint32_t>(extent.blocks.size_bytes());
  std::copy(extent.blocks.begin(), extent.blocks.end(), inode.extra);
  BERTH_TRY(check(sqfs_inode_set_file_size(&inode, extent.bytes), output_));
  BERTH_TRY(check(sqfs_inode_set_file_block_start(&inode, extent.start), output_));
  BERTH_TRY(check(sqfs_inode_set_frag_location(&inode, extent.fragment, extent.offset), output_));
  std::uint64_t sparse = 0;
  for (std::size_t i = 0; i < extent.blocks.size(); ++i) {
    if (extent.blocks[i] == 0)
      sparse += std::min<std::uint64_t>(block_size_, extent.bytes - i * block_size_);
  }
  if (sparse > 0) {
    BERTH_TRY(check(sqfs_inode_make_extended(&inode), output_));
    inode.data.file_ext.sparse = sparse;
  }
  return made;
}

Result<InodePtr> Tables::make_special(const Inode& from) const {
  InodePtr inode = make_inode(from.target.size() + 1);
  if (!inode) BERTH_TRY(check(SQFS_ERROR_ALLOC, output_));
  inode->base.type = from.kind == Kind::symlink ? SQFS_INODE_SLINK
                     : from.kind == Kind::fifo  ? SQFS_INODE_FIFO
                                                : SQFS_INODE_SOCKET;
  if (from.kind != Kind::symlink) return inode;
  inode->data.slink.target_size = static_cast<std::uint32_t>(from.target.size());
  std::copy(from.target.begin(), from.target.end(), reinterpret_cast<char*>(inode->extra));
  return inode;
}

Result<std::uint32_t> Tables::add_xattrs(const Inode& from) {
  if (from.xattrs.empty()) return kNoXattrs;
  std::uint32_t index = kNoXattrs;
  BERTH_TRY(check(sqfs_xattr_writer_begin(xattrs_.get(), 0), output_));
  for (const auto& [key, value] : from.xattrs)
    BERTH_TRY(check(sqfs_xattr_writer_add(xattrs_.get(), key.c_str(), value.data(), value.size()),
                    output_));
  BERTH_TRY(check(sqfs_xattr_writer_end(xattrs_.get(), &index), output_));
  return index;
}

Status Tables::apply_attributes(unsigned index, sqfs_inode_generic_t& inode) {
  const Inode& from = tree_.inodes[index];
  inode.base.mode = mode_of(from);
  inode.base.mod_time = from.mtime;
  inode.base.inode_number = numbers_[index];
  BERTH_TRY(check(sqfs_id_table_id_to_index(ids_.get(), from.uid, &inode.base.uid_idx), output_));
  return check(sqfs_id_table_id_to_index(ids_.get(), from.gid, &inode.base.gid_idx), output_);
}

Status Tables::write_inode(unsigned index, sqfs_inode_generic_t& inode) {
  BERTH_TRY(apply_attributes(index, inode));
  places_[index] = place_of(inodes_.get());
  if (tree_.inodes[index].is_first_read) inode_blocks_.spare();
  const int answer = sqfs_meta_writer_write_inode(inodes_.get(), &inode);
  inode_blocks_.stop_sparing();
  return check(answer, output_);
}

}  // namespace berth::squash
