// SPDX-License-Identifier: Apache-2.0
#include "image/squash/pipeline.h"

#include "base/thread.h"

#include <algorithm>
#include <cstring>

namespace berth::squash {

namespace {

bool is_zero(std::string_view bytes) {
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// `spare` is as large as the block, and may become its bytes.
Status compress(sqfs_compressor_t& packer, std::vector<char>& spare, Block& block) {
  block.stored = 0;
  block.fingerprint = {};
  if (block.part != Block::Part::fragments && is_zero(block.view())) {
    block.size = 0;
    return Done{};
  }
  const sqfs_s32 made = block.is_plain
                            ? 0
                            : packer.do_block(&packer,
                                              reinterpret_cast<const sqfs_u8*>(block.bytes.data()),
                                              block.size,
                                              reinterpret_cast<sqfs_u8*>(spare.data()),
                                              block.size);
  if (made < 0) return Error{Blame::host, "write the image: the compressor has not enough memory"};
  if (made > 0) {
    block.bytes.swap(spare);
    block.size = static_cast<std::uint32_t>(made);
  }
  block.stored = block.size | (made > 0 ? 0 : kNotCompressed);
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Pipeline>> Pipeline::create(const sqfs_compressor_t& compressor,
                                                   const Settings& settings,
                                                   Take take) {
  std::vector<Packer> packers;
  for (unsigned i = 0; i < settings.threads; ++i) {
    packers.emplace_back(static_cast<sqfs_compressor_t*>(sqfs_copy(&compressor)));
    if (!packers.back()) return std::unique_ptr<Pipeline>();
  }
  std::unique_ptr<Pipeline> made(new Pipeline(std::move(packers), settings, std::move(take)));
  BERTH_TRY(made->start());
  return made;
}

Pipeline::Pipeline(std::vector<Packer> packers, const Settings& settings, Take take)
    : block_size_(settings.block_size),
      take_(std::move(take)),
      packers_(std::move(packers)) {
  for (unsigned i = 0; i < settings.backlog; ++i)
    empty_.push_back(std::make_unique<Block>());
}

Status Pipeline::start() {
  for (const Packer& packer : packers_) {
    auto thread = start_thread([this, &packer] { work(*packer); });
    if (thread) threads_.push_back(std::move(*thread));
    if (!thread && threads_.empty()) return thread.error();
    if (!thread) break;
  }
  return Done{};
}

Pipeline::~Pipeline() {
  {
    const std::lock_guard lock(mutex_);
    raw_.clear();
    is_over_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

std::unique_ptr<Block> Pipeline::take_empty() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return !empty_.empty(); });
  // The one that came back last is still in the processor's caches.
  auto block = std::move(empty_.back());
  empty_.pop_back();
  lock.unlock();
  block->bytes.resize(block_size_);
  block->size = 0;
  block->is_ready = false;
  return block;
}

Status Pipeline::add(std::unique_ptr<Block> block) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) {
      empty_.push_back(std::move(block));  // for whoever asks for one all the same
      return *failure_;
    }
    raw_.push_back(block.get());
    blocks_.push_back(std::move(block));
  }
  work_.notify_one();
  return Done{};
}

Status Pipeline::finish() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return blocks_.empty() && !is_handing_on_; });
  if (failure_) return *failure_;
  return Done{};
}

void Pipeline::work(sqfs_compressor_t& packer) {
  std::vector<char> spare(block_size_);
  Fingerprinter fingerprinter;
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return is_over_ || !raw_.empty(); });
    if (raw_.empty()) return;
    Block& block = *raw_.front();
    raw_.pop_front();
    if (!failure_) {
      lock.unlock();
      Status outcome = compress(packer, spare, block);
      if (outcome && block.part != Block::Part::fragments)
        block.fingerprint = fingerprinter.of(block.view());
      lock.lock();
      if (!outcome && !failure_) failure_ = std::move(outcome.error());
    }
    block.is_ready = true;
    if (!is_handing_on_) hand_on(lock);
  }
}

/// One thread at a time hands on what is ready; meanwhile the others compress.
void Pipeline::hand_on(std::unique_lock<std::mutex>& lock) {
  is_handing_on_ = true;
  while (!blocks_.empty() && blocks_.front()->is_ready) {
    auto block = std::move(blocks_.front());
    blocks_.pop_front();
    if (!failure_) {
      lock.unlock();
      Status outcome = take_(*block);
      lock.lock();
      if (!outcome && !failure_) failure_ = std::move(outcome.error());
    }
    empty_.push_back(std::move(block));
    room_.notify_one();
  }
  is_handing_on_ = false;
  if (blocks_.empty()) room_.notify_all();
}

}  // namespace berth::squash
