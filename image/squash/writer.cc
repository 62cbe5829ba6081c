// SPDX-License-Identifier: Apache-2.0
#include "image/squash/writer.h"

#include "base/text.h"
#include "image/squash/compressor.h"
#include "image/squash/objects.h"
#include "image/squash/tables.h"

#include <algorithm>
#include <bit>
#include <deque>

#include <sqfs/block.h>
#include <sqfs/block_processor.h>
#include <sqfs/block_writer.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/super.h>

namespace berth::squash {

namespace {

constexpr std::uint64_t kPadding = 4096;  // a loop device wants whole pages

// An import must stay below 512 MiB with any number of threads and any size of blocks.
constexpr std::size_t kMemoryForWorkers = 160UL * 1024 * 1024;
constexpr std::size_t kMemoryForBacklog = 64UL * 1024 * 1024;
constexpr std::size_t kContext = 1536UL * 1024;  ///< of a compressor, besides twice a block

unsigned workers_for(unsigned threads, unsigned block_size) {
  const std::size_t each = kContext + 3UL * block_size;
  return static_cast<unsigned>(
      std::clamp<std::size_t>(threads, 1, std::max<std::size_t>(kMemoryForWorkers / each, 1)));
}

/// Blocks that wait, enough for every worker.
unsigned backlog_for(unsigned workers, unsigned block_size) {
  return std::clamp(static_cast<unsigned>(kMemoryForBacklog / block_size), workers, workers * 10);
}

}  // namespace

Status check(int answer, const Output& output) {
  if (answer == 0) return Done{};
  Error error{Blame::host, "write the image", output.refusal()};
  if (!error.refusal) error.goal += ": " + words_for(answer);
  return error;
}

/// Everything that libsquashfs refers to, in the order in which it must be made.
struct Writer::State {
  explicit State(int fd) : output(fd) {}

  Output output;
  sqfs_super_t super = {};
  Object<sqfs_compressor_t> compressor;
  Object<sqfs_compressor_t> uncompressor;
  Object<sqfs_frag_table_t> fragments;
  Object<sqfs_block_writer_t> blocks;
  /// The processor fills these in while it works, so they may not move.
  std::deque<sqfs_inode_generic_t*> contents;
  Object<sqfs_block_processor_t> processor;
  unsigned block_size = 0;

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  ~State() {
    processor.reset();  // first: its threads may still be at work
    for (sqfs_inode_generic_t* inode : contents)
      sqfs_free(inode);
  }

  Status begin(const Options& options);
  Status make_processor(const Options& options);
};

Status Writer::State::begin(const Options& options) {
  block_size = options.block_size;
  auto packer = make_compressor(options, Direction::compress);
  if (!packer) return std::move(packer.error());
  auto unpacker = make_compressor(options, Direction::uncompress);
  if (!unpacker) return std::move(unpacker.error());
  compressor = std::move(*packer);
  uncompressor = std::move(*unpacker);
  BERTH_TRY(check(sqfs_super_init(&super, block_size, 0, id_of(options)), output));
  // A placeholder: the real one is written when all else is in place.
  BERTH_TRY(check(sqfs_super_write(&super, output.file()), output));
  const int written = compressor->write_options(compressor.get(), output.file());
  if (written < 0) return check(written, output);
  if (written > 0) super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
  return make_processor(options);
}

Status Writer::State::make_processor(const Options& options) {
  fragments.reset(sqfs_frag_table_create(0));
  blocks.reset(sqfs_block_writer_create(output.file(), 4096, 0));
  if (!fragments || !blocks) return check(SQFS_ERROR_ALLOC, output);
  sqfs_block_processor_desc_t wanted{};
  wanted.size = sizeof wanted;
  wanted.max_block_size = block_size;
  wanted.num_workers = workers_for(options.threads, block_size);
  wanted.max_backlog = backlog_for(wanted.num_workers, block_size);
  wanted.cmp = compressor.get();
  wanted.wr = blocks.get();
  wanted.tbl = fragments.get();
  // With these two a fragment is compared byte by byte before it counts as a duplicate.
  wanted.file = output.file();
  wanted.uncmp = uncompressor.get();
  sqfs_block_processor_t* made = nullptr;
  BERTH_TRY(check(sqfs_block_processor_create_ex(&wanted, &made), output));
  processor.reset(made);
  return Done{};
}

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Writer::Writer(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::create(int fd, const Options& options) {
  if (options.block_size < SQFS_MIN_BLOCK_SIZE || options.block_size > SQFS_MAX_BLOCK_SIZE ||
      !std::has_single_bit(options.block_size))
    return Error{Blame::usage,
                 "use blocks of " + size_text(options.block_size),
                 {},
                 "a block is a power of two from 4 KiB to 1 MiB"};
  auto state = std::make_unique<State>(fd);
  BERTH_TRY(state->begin(options));
  return Writer(std::move(state));
}

Result<unsigned> Writer::begin_file(std::uint64_t size, Packing packing) {
  // The end of a large file in a shared fragment block would save little and cost each reader of it
  // a second block.
  const bool is_shared = packing == Packing::shared && size < state_->block_size;
  const sqfs_u32 flags =
      (is_shared ? 0U : static_cast<sqfs_u32>(SQFS_BLK_DONT_FRAGMENT)) |
      (packing == Packing::plain ? static_cast<sqfs_u32>(SQFS_BLK_DONT_COMPRESS) : 0U);
  const auto number = static_cast<unsigned>(state_->contents.size());
  state_->contents.push_back(nullptr);
  BERTH_TRY(check(sqfs_block_processor_begin_file(
                      state_->processor.get(), &state_->contents.back(), nullptr, flags),
                  state_->output));
  return number;
}

Status Writer::append(std::string_view bytes) {
  return check(sqfs_block_processor_append(state_->processor.get(), bytes.data(), bytes.size()),
               state_->output);
}

Status Writer::end_file() {
  return check(sqfs_block_processor_end_file(state_->processor.get()), state_->output);
}

Status Writer::finish(const Tree& tree) {
  Output& output = state_->output;
  sqfs_super_t& super = state_->super;
  sqfs_compressor_t* compressor = state_->compressor.get();
  BERTH_TRY(check(sqfs_block_processor_finish(state_->processor.get()), output));
  Tables tables(tree, state_->contents, output, compressor);
  BERTH_TRY(tables.write(super));
  BERTH_TRY(check(sqfs_frag_table_write(state_->fragments.get(), output.file(), &super, compressor),
                  output));
  BERTH_TRY(tables.write_ids(super));
  super.bytes_used = output.size();
  // Not "now": the same input must give the same bytes.
  super.modification_time = 0;
  for (const Inode& inode : tree.inodes)
    super.modification_time = std::max(super.modification_time, inode.mtime);
  BERTH_TRY(check(sqfs_super_write(&super, output.file()), output));
  return check(output.pad(kPadding), output);
}

std::uint64_t Writer::bytes_in() const {
  return sqfs_block_processor_get_stats(state_->processor.get())->input_bytes_read;
}

std::uint64_t Writer::bytes_out() const {
  return state_->output.size();
}

}  // namespace berth::squash
