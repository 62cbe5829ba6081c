// SPDX-License-Identifier: Apache-2.0
// The slots of a BlockCache: one mutex, held for a sweep over the keys and never while filling.
#include "image/read/block_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace berth::read {
namespace {

constexpr std::uint64_t kNobody = ~std::uint64_t{0};

}  // namespace

BlockCache::BlockCache(std::size_t slots, std::size_t slot_bytes)
    : slot_bytes_(slot_bytes),
      keys_(slots, kNobody),
      slots_(slots) {
  void* memory = ::mmap(nullptr,
                        slots * slot_bytes,
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1,
                        0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<std::byte*>(memory);
}

BlockCache::~BlockCache() {
  ::munmap(memory_, keys_.size() * slot_bytes_);
}

std::size_t BlockCache::find(std::uint64_t key) const noexcept {
  return static_cast<std::size_t>(std::find(keys_.begin(), keys_.end(), key) - keys_.begin());
}

std::size_t BlockCache::find_oldest() const noexcept {
  std::size_t oldest = slots_.size();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].pins > 0) continue;
    if (oldest == slots_.size() || slots_[i].used < slots_[oldest].used) oldest = i;
  }
  return oldest;
}

std::pair<std::size_t, bool> BlockCache::claim(std::uint64_t key) {
  std::unique_lock lock(mutex_);
  while (true) {
    std::size_t slot = find(key);
    const bool is_known = slot < slots_.size();
    if (!is_known) slot = find_oldest();
    if (slot == slots_.size() || (is_known && slots_[slot].is_being_filled)) {
      changed_.wait(lock);
      continue;
    }
    slots_[slot].used = ++tick_;
    ++slots_[slot].pins;
    if (!is_known) {
      keys_[slot] = key;
      slots_[slot].is_being_filled = true;
    }
    return {slot, is_known};
  }
}

bool BlockCache::settle(std::size_t slot, Filled filled) {
  const bool is_good = filled.size > 0;
  {
    const std::scoped_lock lock(mutex_);
    slots_[slot].filled = filled;
    slots_[slot].is_being_filled = false;
    if (!is_good) {
      keys_[slot] = kNobody;
      slots_[slot].used = 0;
      --slots_[slot].pins;
    }
  }
  changed_.notify_all();
  return is_good;
}

void BlockCache::unpin(std::size_t slot) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (--slots_[slot].pins > 0) return;
  }
  changed_.notify_all();  // a load and nothing more unless every slot was pinned
}

}  // namespace berth::read
