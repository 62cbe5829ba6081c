// SPDX-License-Identifier: Apache-2.0
// Where the bytes of the files lie in the image, which of them are there only once for several
// files, and the writing of them. For this room only.
#pragma once

#include "image/squash/fingerprint.h"
#include "image/squash/objects.h"
#include "image/squash/output.h"
#include "image/squash/pipeline.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <sqfs/frag_table.h>
#include <sqfs/super.h>

namespace berth::squash {

/// A file's bytes lie in blocks of their own or in a piece of a block that it shares with others.
struct Extent {
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::uint64_t bytes = 0;
  std::uint64_t start = 0;                     ///< of the first block
  std::span<const std::uint32_t> blocks = {};  ///< what SquashFS says of each of them
  std::uint32_t fragment = kNone;              ///< the number of the shared block
  std::uint32_t offset = kNone;                ///< where in it
};

/// What has been written. Takes blocks in their order and writes them one behind the other.
class Placed {
 public:
  explicit Placed(Output& output);

  /// Writes a block. At the end of a file whose blocks are all there already, takes them back.
  Status put(const Block& block);

  /// The blocks of the `number`-th file that has some; call it when all have been put.
  void locate(std::uint32_t number, Extent& extent) const;

  Status write_fragments(sqfs_super_t& super, sqfs_compressor_t* compressor);

 private:
  /// A file's blocks.
  struct Run {
    std::uint64_t start;
    std::uint64_t first;  ///< index into stored_
    std::uint64_t count;
  };

  Output& output_;
  Object<sqfs_frag_table_t> fragments_;
  std::vector<std::uint32_t> stored_;
  std::vector<Run> runs_;
  Fingerprinter fingerprinter_;
  Duplicates duplicates_;
  Run now_ = {};                   ///< the file that is being put
  std::vector<std::uint64_t> id_;  ///< its blocks' fingerprints and sizes
};

/// Cuts files into blocks for a pipeline, and gathers small ones.
class Cutter {
 public:
  Cutter(Pipeline& pipeline, unsigned block_size);

  /// Begins a file. `may_share`: if it is smaller than a block.
  unsigned begin(bool may_share, bool is_plain);
  Status append(std::string_view bytes);
  Status end();

  /// What the last shared block has gathered goes too; nothing may follow.
  Status finish();

  [[nodiscard]] Extent extent_of(unsigned number, const Placed& placed) const;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Content {
    static constexpr std::uint32_t kInBlocks = 0xffffffff;
    std::uint64_t bytes = 0;
    std::uint32_t number = 0;  ///< of the shared block, or among the files with blocks
    std::uint32_t offset = 0;  ///< in the shared block, or kInBlocks
  };

  Status cut(Block::Part part);
  Status share();
  Status cut_fragments();

  Pipeline& pipeline_;
  const unsigned block_size_;
  std::unique_ptr<Block> block_;      ///< of the current file
  std::unique_ptr<Block> fragments_;  ///< gathers small files
  std::vector<Content> contents_;
  std::uint64_t bytes_ = 0;  ///< of all files
  std::uint32_t files_in_blocks_ = 0;
  std::uint32_t shared_blocks_ = 0;
  bool may_share_ = false;
  bool is_plain_ = false;
  Fingerprinter fingerprinter_;
  Duplicates duplicates_;
};

}  // namespace berth::squash
