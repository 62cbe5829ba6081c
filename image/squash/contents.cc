// SPDX-License-Identifier: Apache-2.0
#include "image/squash/contents.h"

#include <algorithm>
#include <utility>

#include <sqfs/error.h>

namespace berth::squash {

Placed::Placed(Output& output) : output_(output), fragments_(sqfs_frag_table_create(0)) {}

Status Placed::put(const Block& block) {
  const std::uint64_t at = output_.size();
  BERTH_TRY(check(output_.append(block.view()), output_));
  if (block.part == Block::Part::fragments) {
    if (!fragments_) return check(SQFS_ERROR_ALLOC, output_);
    BERTH_TRY(check(sqfs_frag_table_append(fragments_.get(), at, block.stored, nullptr), output_));
    return check(output_.settle(), output_);
  }
  if (now_.count++ == 0) now_ = {at, stored_.size(), 1};
  stored_.push_back(block.stored);
  id_.insert(id_.end(), {block.fingerprint[0], block.fingerprint[1], block.stored});
  if (block.part != Block::Part::end_of_file) return Done{};
  const auto number = static_cast<std::uint32_t>(runs_.size());
  const Fingerprint whole =
      fingerprinter_.of({reinterpret_cast<const char*>(id_.data()), id_.size() * sizeof id_[0]});
  const std::uint32_t first = duplicates_.find_or_add(whole, number);
  id_.clear();
  runs_.push_back(std::exchange(now_, {}));
  if (first != number) {
    BERTH_TRY(check(output_.truncate(runs_.back().start), output_));
    stored_.resize(runs_.back().first);
    runs_.back() = runs_[first];
  }
  return check(output_.settle(), output_);
}

void Placed::locate(std::uint32_t number, Extent& extent) const {
  const Run& run = runs_[number];
  extent.start = run.start;
  extent.blocks = std::span(stored_).subspan(run.first, run.count);
}

Status Placed::write_fragments(sqfs_super_t& super, sqfs_compressor_t* compressor) {
  return check(fragments_
                   ? sqfs_frag_table_write(fragments_.get(), output_.file(), &super, compressor)
                   : SQFS_ERROR_ALLOC,
               output_);
}

Cutter::Cutter(Pipeline& pipeline, unsigned block_size)
    : pipeline_(pipeline),
      block_size_(block_size),
      block_(pipeline.take_empty()),
      fragments_(pipeline.take_empty()) {}

unsigned Cutter::begin(bool may_share, bool is_plain) {
  may_share_ = may_share;
  is_plain_ = is_plain;
  contents_.push_back({});
  return static_cast<unsigned>(contents_.size() - 1);
}

Status Cutter::append(std::string_view bytes) {
  contents_.back().bytes += bytes.size();
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    // Not before something follows: the last block is told that it is the last.
    if (block_->size == block_size_) BERTH_TRY(cut(Block::Part::of_file));
    const auto part = std::min<std::size_t>(bytes.size(), block_size_ - block_->size);
    std::copy_n(bytes.begin(), part, block_->bytes.begin() + block_->size);
    block_->size += static_cast<std::uint32_t>(part);
    bytes.remove_prefix(part);
  }
  return Done{};
}

Status Cutter::cut(Block::Part part) {
  block_->part = part;
  block_->is_plain = is_plain_;
  Status added = pipeline_.add(std::move(block_));
  block_ = pipeline_.take_empty();
  return added;
}

Status Cutter::end() {
  Content& content = contents_.back();
  if (content.bytes < block_size_ && (may_share_ || content.bytes == 0)) return share();
  content.number = files_in_blocks_++;
  content.offset = Content::kInBlocks;
  return cut(Block::Part::end_of_file);
}

Status Cutter::share() {
  Content& content = contents_.back();
  if (content.bytes == 0) return Done{};
  const auto number = static_cast<std::uint32_t>(contents_.size() - 1);
  const auto first = duplicates_.find_or_add(fingerprinter_.of(block_->view()), number);
  if (first == number) {
    if (fragments_->size + block_->size > block_size_) BERTH_TRY(cut_fragments());
    content.number = shared_blocks_;
    content.offset = fragments_->size;
    std::copy_n(block_->bytes.begin(), block_->size, fragments_->bytes.begin() + fragments_->size);
    fragments_->size += block_->size;
  } else {
    content = contents_[first];
  }
  block_->size = 0;
  return Done{};
}

Status Cutter::cut_fragments() {
  fragments_->part = Block::Part::fragments;
  fragments_->is_plain = false;
  ++shared_blocks_;
  Status added = pipeline_.add(std::move(fragments_));
  fragments_ = pipeline_.take_empty();
  return added;
}

Status Cutter::finish() {
  if (fragments_->size > 0) BERTH_TRY(cut_fragments());
  block_.reset();
  fragments_.reset();
  return pipeline_.finish();
}

Extent Cutter::extent_of(unsigned number, const Placed& placed) const {
  const Content& content = contents_[number];
  Extent extent;
  extent.bytes = content.bytes;
  if (content.offset == Content::kInBlocks) {
    placed.locate(content.number, extent);
  } else if (content.bytes > 0) {
    extent.fragment = content.number;
    extent.offset = content.offset;
  }
  return extent;
}

}  // namespace berth::squash
