// SPDX-License-Identifier: Apache-2.0
// A layer's uncompressed bytes, made ahead of the reader by threads of their own, a bounded number
// of pieces at a time, with both digests checked at the end.
#pragma once

#include "base/result.h"
#include "image/layers/decoder.h"
#include "image/layers/hasher.h"
#include "image/layers/meter.h"
#include "image/layers/pieces.h"
#include "image/source/open.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

namespace berth::layers {

/// Where a layer stands among those that are decompressed at the same time.
struct Queueing {
  std::shared_ptr<PiecePool> pool = PiecePool::create(PiecePool::kReserve);
  unsigned turn = 0;
  /// Called now and then by a reader that has to wait; an error ends its waiting.
  std::function<Status()> pulse = {};
  std::shared_ptr<Meter> meter = {};  ///< counts what comes out; may be null
  std::shared_ptr<HashThreads> hash_threads = std::make_shared<HashThreads>();
};

class PlainBytes {
 public:
  /// Starts the threads; without them, next() fails. The layer's file stays open as long as this
  /// lives.
  explicit PlainBytes(source::Layer layer, Queueing queueing = {});

  PlainBytes(const PlainBytes&) = delete;
  PlainBytes& operator=(const PlainBytes&) = delete;
  PlainBytes(PlainBytes&&) = delete;
  PlainBytes& operator=(PlainBytes&&) = delete;

  /// Stops the threads wherever they are.
  ~PlainBytes();

  /// The next piece, valid until the next call; empty at the end. An error also when the digest of
  /// the blob or of the uncompressed layer turns out wrong.
  Result<std::string_view> next();

  /// Reads to the end and says whether all was well. For a reader that gives up early, because a
  /// wrong digest is the better explanation.
  Status finish();

  [[nodiscard]] const std::string& name() const { return layer_.blob.name; }

  /// Bytes that have come out so far.
  [[nodiscard]] std::uint64_t unpacked() const { return unpacked_.load(std::memory_order_relaxed); }

  /// Compressed bytes consumed so far.
  [[nodiscard]] std::uint64_t position() const { return input_.position(); }

 private:
  void work();
  Status decode();
  Status measure(std::uint64_t bytes);
  void count_window(std::size_t bytes, const Decoder& decoder);
  Status decode_with(Decoder& decoder, Hasher* hasher);
  void hand_over(std::shared_ptr<Piece> piece);

  source::Layer layer_;
  Queueing queueing_;
  HashedInput input_;
  std::atomic<std::uint64_t> unpacked_{0};
  std::size_t window_ = 0;          ///< bytes that the decoder keeps, as the pool knows
  std::shared_ptr<Piece> current_;  ///< the reader's
  std::atomic<bool> is_stopped_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Piece>> full_;
  std::optional<Status> outcome_;

  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace berth::layers
