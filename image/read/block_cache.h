// SPDX-License-Identifier: Apache-2.0
// Decompressed blocks, shared by the threads: a fixed number of equal slots, the one used longest
// ago goes first, and two threads that want the same block fill it once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace berth::read {

/// What filling a slot came to.
struct Filled {
  std::size_t size = 0;    ///< bytes in the slot; 0 says that there is no such block
  std::uint64_t next = 0;  ///< the caller's own word about the block
};

class BlockCache {
 public:
  /// Reserves address space only; memory is used as slots are. There have to be more slots than
  /// pins at any time.
  BlockCache(std::size_t slots, std::size_t slot_bytes);
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;
  BlockCache(BlockCache&&) = delete;
  BlockCache& operator=(BlockCache&&) = delete;
  ~BlockCache();

  /// A block that stays where it is while this lives. Empty when there is no such block.
  class Pin {
   public:
    Pin() = default;

    Pin(Pin&& from) noexcept : cache_(std::exchange(from.cache_, nullptr)), slot_(from.slot_) {}

    Pin& operator=(Pin&& from) noexcept {
      if (this != &from) {
        release();
        cache_ = std::exchange(from.cache_, nullptr);
        slot_ = from.slot_;
      }
      return *this;
    }

    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

    ~Pin() { release(); }

    explicit operator bool() const noexcept { return cache_ != nullptr; }

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
      return {cache_->memory_of(slot_), cache_->slots_[slot_].filled.size};
    }

    [[nodiscard]] std::uint64_t next() const noexcept { return cache_->slots_[slot_].filled.next; }

    void release() noexcept {
      if (cache_ != nullptr) std::exchange(cache_, nullptr)->unpin(slot_);
    }

   private:
    friend class BlockCache;

    Pin(BlockCache* cache, std::size_t slot) : cache_(cache), slot_(slot) {}

    BlockCache* cache_ = nullptr;
    std::size_t slot_ = 0;
  };

  /// The block of that key, made by `fill(span) -> Filled` where it is not there yet.
  template <class Fill>
  Pin get(std::uint64_t key, Fill&& fill) {
    const auto [slot, is_filled] = claim(key);
    if (!is_filled && !settle(slot, fill(std::span{memory_of(slot), slot_bytes_}))) return {};
    return {this, slot};
  }

 private:
  struct Slot {
    std::uint64_t used = 0;  ///< the tick of the last use
    unsigned pins = 0;
    bool is_being_filled = false;
    Filled filled = {};
  };

  /// Pins the slot of `key`, or one that the caller has to fill.
  std::pair<std::size_t, bool> claim(std::uint64_t key);
  /// Ends the filling of a slot; unpins it and answers false when there is no such block.
  bool settle(std::size_t slot, Filled filled);
  void unpin(std::size_t slot) noexcept;
  [[nodiscard]] std::size_t find(std::uint64_t key) const noexcept;
  [[nodiscard]] std::size_t find_oldest() const noexcept;

  [[nodiscard]] std::byte* memory_of(std::size_t slot) const noexcept {
    return memory_ + slot * slot_bytes_;
  }

  std::size_t slot_bytes_;
  std::byte* memory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t tick_ = 0;
  std::vector<std::uint64_t> keys_;  ///< apart from the slots, so that a search is one sweep
  std::vector<Slot> slots_;
};

}  // namespace berth::read
