// SPDX-License-Identifier: Apache-2.0
// The metadata of an image: inode, directory, id and xattr tables from a Tree.
#pragma once

#include "base/result.h"
#include "image/squash/compressor.h"
#include "image/squash/contents.h"
#include "image/squash/objects.h"
#include "image/squash/tree.h"

#include <cstdint>
#include <functional>
#include <vector>

#include <sqfs/compressor.h>
#include <sqfs/dir_writer.h>
#include <sqfs/id_table.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <sqfs/xattr_writer.h>

namespace berth::squash {

class Tables {
 public:
  using Locate = std::function<Extent(unsigned content)>;

  Tables(const Tree& tree,
         unsigned block_size,
         Locate locate,
         Output& output,
         sqfs_compressor_t* compressor);

  /// The inode table and the directory table.
  Status write(sqfs_super_t& super);

  /// The id table and the xattr table; the fragment table comes before them.
  Status write_ids(sqfs_super_t& super);

 private:
  void number(unsigned directory);
  Result<InodePtr> write_directory(unsigned index, std::uint32_t parent);
  Status write_listing(const Inode& directory);
  Status write_inode(unsigned index, sqfs_inode_generic_t& inode);
  Status write_other(unsigned index);
  [[nodiscard]] Result<InodePtr> make_file(const Extent& extent) const;
  [[nodiscard]] Result<InodePtr> make_special(const Inode& from) const;
  Result<std::uint32_t> add_xattrs(const Inode& from);
  Status apply_attributes(unsigned index, sqfs_inode_generic_t& inode);

  const Tree& tree_;
  const unsigned block_size_;
  const Locate locate_;
  Output& output_;
  sqfs_compressor_t* compressor_;
  SparingCompressor inode_blocks_;
  SparingCompressor listing_blocks_;
  Object<sqfs_meta_writer_t> inodes_;
  Object<sqfs_meta_writer_t> listings_;
  Object<sqfs_dir_writer_t> directories_;
  Object<sqfs_id_table_t> ids_;
  Object<sqfs_xattr_writer_t> xattrs_;
  std::uint32_t count_ = 0;
  std::vector<std::uint32_t> numbers_;  ///< by index in the tree; 0: not numbered yet
  std::vector<std::uint64_t> places_;   ///< inode references; kNowhere: not written yet
};

}  // namespace berth::squash
