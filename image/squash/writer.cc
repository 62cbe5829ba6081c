// SPDX-License-Identifier: Apache-2.0
#include "image/squash/writer.h"

#include "base/text.h"
#include "image/squash/compressor.h"
#include "image/squash/contents.h"
#include "image/squash/objects.h"
#include "image/squash/pipeline.h"
#include "image/squash/tables.h"

#include <malloc.h>

#include <algorithm>
#include <bit>
#include <optional>

#include <sqfs/block.h>
#include <sqfs/error.h>
#include <sqfs/super.h>

namespace berth::squash {

namespace {

constexpr std::uint64_t kPadding = 4096;  // a loop device wants whole pages

// An import must stay below 512 MiB with any number of threads and any size of blocks.
constexpr std::size_t kMemoryForThreads = 160UL * 1024 * 1024;
constexpr std::size_t kMemoryForBacklog = 64UL * 1024 * 1024;

/// What a thread takes: two blocks and its compressor.
std::size_t memory_of_thread(const Options& options) {
  const std::size_t block = options.block_size;
  if (options.compressor == "xz") return 14 * block + 1024UL * 1024;  // its search trees
  return 2 * block + 1536UL * 1024;
}

unsigned threads_for(const Options& options) {
  const std::size_t most = kMemoryForThreads / memory_of_thread(options);
  return static_cast<unsigned>(
      std::clamp<std::size_t>(options.threads, 1, std::max<std::size_t>(most, 1)));
}

/// Blocks in use at a time: two are being filled, every thread has one, and some wait.
unsigned backlog_for(unsigned threads, unsigned block_size) {
  const auto most = static_cast<unsigned>(kMemoryForBacklog / block_size);
  return 2 + std::clamp(most, threads + 1, threads * 10);
}

}  // namespace

Status check(int answer, const Output& output) {
  if (answer == 0) return Done{};
  Error error{Blame::host, "write the image", output.refusal()};
  if (!error.refusal) error.goal += ": " + words_for(answer);
  return error;
}

/// In the order in which they must be made: each refers to some before it.
struct Writer::State {
  State(int fd, unsigned size_of_blocks) : block_size(size_of_blocks), output(fd) {}

  unsigned block_size;
  Output output;
  sqfs_super_t super = {};
  Object<sqfs_compressor_t> compressor;
  Placed placed{output};
  std::unique_ptr<Pipeline> pipeline;
  std::optional<Cutter> cutter;
  std::size_t memory = 0;

  Status begin(const Options& options);
};

Status Writer::State::begin(const Options& options) {
  auto made = make_compressor(options);
  if (!made) return std::move(made.error());
  compressor = std::move(*made);
  BERTH_TRY(check(sqfs_super_init(&super, block_size, 0, id_of(options)), output));
  // A placeholder: the real one is written when all else is in place.
  BERTH_TRY(check(sqfs_super_write(&super, output.file()), output));
  const int written = compressor->write_options(compressor.get(), output.file());
  if (written < 0) return check(written, output);
  if (written > 0) super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
  const unsigned threads = threads_for(options);
  const unsigned backlog = backlog_for(threads, block_size);
  memory = threads * memory_of_thread(options) + std::size_t{backlog} * block_size;
  auto started = Pipeline::create(*compressor,
                                  {block_size, threads, backlog},
                                  [this](const Block& block) { return placed.put(block); });
  if (!started) return std::move(started.error());
  pipeline = std::move(*started);
  if (!pipeline) return check(SQFS_ERROR_ALLOC, output);
  cutter.emplace(*pipeline, block_size);
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
  auto state = std::make_unique<State>(fd, options.block_size);
  BERTH_TRY(state->begin(options));
  return Writer(std::move(state));
}

unsigned Writer::begin_file(Packing packing) {
  // The end of a large file in a shared block would save little and cost each reader of it a second
  // block; so only small files share.
  return state_->cutter->begin(packing == Packing::shared, packing == Packing::plain);
}

Status Writer::append(std::string_view bytes) {
  return state_->cutter->append(bytes);
}

Status Writer::end_file() {
  return state_->cutter->end();
}

Status Writer::end_files() {
  if (!state_->pipeline) return Done{};
  BERTH_TRY(state_->cutter->finish());
  state_->pipeline.reset();
  (void)malloc_trim(0);  // or it stays with the arenas of threads that are gone
  return Done{};
}

Status Writer::finish(const Tree& tree) {
  Output& output = state_->output;
  sqfs_super_t& super = state_->super;
  sqfs_compressor_t* compressor = state_->compressor.get();
  BERTH_TRY(end_files());
  const auto locate = [this](unsigned content) {
    return state_->cutter->extent_of(content, state_->placed);
  };
  Tables tables(tree, state_->block_size, locate, output, compressor);
  BERTH_TRY(tables.write(super));
  BERTH_TRY(state_->placed.write_fragments(super, compressor));
  BERTH_TRY(tables.write_ids(super));
  super.bytes_used = output.size();
  // Not "now": the same input must give the same bytes.
  super.modification_time = 0;
  for (const Inode& inode : tree.inodes)
    super.modification_time = std::max(super.modification_time, inode.mtime);
  BERTH_TRY(check(sqfs_super_write(&super, output.file()), output));
  return check(output.pad(kPadding), output);
}

std::size_t Writer::memory() const {
  return state_->memory;
}

std::uint64_t Writer::bytes_in() const {
  return state_->cutter->bytes();
}

std::uint64_t Writer::bytes_out() const {
  return state_->output.size();
}

}  // namespace berth::squash
