// SPDX-License-Identifier: Apache-2.0
// Finds the blocks under a range and copies them. Whole blocks are decompressed where the caller
// wants them; parts go through the cache, because the rest is wanted next.
#include "image/read/file_data.h"

#include "image/read/walk_clock.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace berth::read {
namespace {

/// Walks the sizes of a file's blocks.
class BlockWalk {
 public:
  BlockWalk(Reader& reader, const Inode& file)
      : marks_(reader.image().file_marks),
        longest_(reader.image().longest_walk),
        super_(reader.image().super),
        file_(file),
        stride_(FileMarks::stride(file.block_count)),
        stream_(reader, reader.image().super.directory_table) {}

  /// EIO also where the walk takes too long; the next one goes on from there.
  int seek(std::uint32_t index) {
    BlockMark mark{0, file_.after.block, file_.after.offset, file_.blocks_start};
    if (index >= FileMarks::kFewestBlocks) marks_.find(file_.reference, index, mark);
    stream_.seek({mark.block, mark.offset});
    index_ = mark.index;
    position_ = mark.position;
    BlockAt passed;
    WalkClock clock(longest_, mark.block);
    while (index_ < index) {
      if (clock.is_over(stream_.place().block)) {
        marks_.leave_off(file_.reference, here());
        return EIO;
      }
      if (const int error = next(passed); error != 0) return error;
    }
    return 0;
  }

  int next(BlockAt& out) {
    if (index_ > 0 && index_ % stride_ == 0) marks_.remember(file_.reference, here());
    std::uint32_t header = 0;
    if (const int error = read_number(stream_, header); error != 0) return error;
    out = {position_, header};
    position_ += out.stored();
    ++index_;
    return position_ <= super_.bytes_used ? 0 : EIO;
  }

 private:
  [[nodiscard]] BlockMark here() const {
    const Place place = stream_.place();
    return {index_, place.block, place.offset, position_};
  }

  FileMarks& marks_;
  std::chrono::nanoseconds longest_;
  const Superblock& super_;
  const Inode& file_;
  std::uint32_t stride_;
  MetadataStream stream_;
  std::uint32_t index_ = 0;
  std::uint64_t position_ = 0;
};

/// The part of one block that a read wants.
struct Part {
  std::size_t skip = 0;      ///< bytes of the block before it
  std::size_t whole = 0;     ///< bytes that the block holds when it is sound
  std::span<std::byte> out;  ///< where it goes
};

int copy_from(const BlockCache::Pin& block, std::size_t skip, std::span<std::byte> out) {
  if (!block || block.bytes().size() < skip || block.bytes().size() - skip < out.size()) return EIO;
  std::memcpy(out.data(), block.bytes().data() + skip, out.size());
  return 0;
}

int read_part(Reader& reader, BlockAt block, const Part& part) {
  if (block.stored() == 0) {
    std::memset(part.out.data(), 0, part.out.size());
    return 0;
  }
  if (part.out.size() == part.whole) {
    return reader.read_block(block, part.out) == part.whole ? 0 : EIO;
  }
  return copy_from(reader.data_at(block), part.skip, part.out);
}

/// The tail lies in a fragment, behind the last whole block.
int read_tail(Reader& reader, const Inode& file, const Part& part) {
  return copy_from(reader.fragment(file.fragment), file.fragment_offset + part.skip, part.out);
}

}  // namespace

int read_file(Reader& reader,
              const Inode& file,
              std::uint64_t offset,
              std::span<std::byte> out,
              std::size_t& got) {
  got = 0;
  if (!file.is(S_IFREG)) return file.is(S_IFDIR) ? EISDIR : EINVAL;
  if (offset >= file.size) return 0;
  const std::uint32_t block_size = reader.image().super.block_size;
  const std::size_t wanted = std::min<std::uint64_t>(out.size(), file.size - offset);
  auto index = offset >> reader.image().super.block_log;
  BlockWalk walk(reader, file);
  if (index < file.block_count) {
    if (const int error = walk.seek(static_cast<std::uint32_t>(index)); error != 0) return error;
  }
  for (; got < wanted; ++index) {
    const std::size_t skip = (offset + got) & (block_size - 1);
    const std::size_t whole =
        std::min<std::uint64_t>(block_size, file.size - (offset + got - skip));
    const Part part{skip, whole, out.subspan(got, std::min(wanted - got, whole - skip))};
    BlockAt block;
    int error = 0;
    if (index < file.block_count) {
      error = walk.next(block);
      if (error == 0) error = read_part(reader, block, part);
    } else {
      error = read_tail(reader, file, part);
    }
    if (error != 0) return error;
    got += part.out.size();
  }
  return 0;
}

int find_block(Reader& reader, const Inode& file, std::uint64_t number, BlockAt& out) {
  if (!file.is(S_IFREG)) return EINVAL;
  if (number >= file.block_count) {
    if (number > file.block_count || file.fragment == kNoFragment) return ENOENT;
    return reader.find_fragment(file.fragment, out) ? 0 : EIO;
  }
  BlockWalk walk(reader, file);
  const int error = walk.seek(static_cast<std::uint32_t>(number));
  return error != 0 ? error : walk.next(out);
}

std::optional<std::uint64_t> find_plain_bytes(Reader& reader, const Inode& file) {
  if (!file.is(S_IFREG) || file.fragment != kNoFragment || file.size == 0) return std::nullopt;
  const std::uint64_t block_size = reader.image().super.block_size;
  BlockWalk walk(reader, file);
  if (walk.seek(0) != 0) return std::nullopt;
  for (std::uint32_t index = 0; index < file.block_count; ++index) {
    BlockAt block;
    const std::uint64_t whole = std::min(block_size, file.size - index * block_size);
    if (walk.next(block) != 0 || block.is_compressed() || block.stored() != whole)
      return std::nullopt;
  }
  return file.blocks_start;
}

}  // namespace berth::read
