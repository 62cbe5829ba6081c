// SPDX-License-Identifier: Apache-2.0
// A layer's uncompressed bytes, made ahead of the reader by a thread of their own, a bounded number
// of pieces at a time, with both digests checked at the end.
#pragma once

#include "base/result.h"
#include "image/layers/decoder.h"
#include "image/source/open.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

namespace berth::layers {

class PlainBytes {
 public:
  /// Starts the thread. The layer's file stays open as long as this lives.
  explicit PlainBytes(source::Layer layer);

  PlainBytes(const PlainBytes&) = delete;
  PlainBytes& operator=(const PlainBytes&) = delete;
  PlainBytes(PlainBytes&&) = delete;
  PlainBytes& operator=(PlainBytes&&) = delete;

  /// Stops the thread wherever it is.
  ~PlainBytes();

  /// The next piece, valid until the next call; empty at the end. An error also when the digest of
  /// the blob or of the uncompressed layer turns out wrong.
  Result<std::string_view> next();

  /// Reads to the end and says whether all was well. For a reader that gives up early, because a
  /// wrong digest is the better explanation.
  Status finish();

  [[nodiscard]] const std::string& name() const { return layer_.blob.name; }

  /// Compressed bytes consumed so far.
  [[nodiscard]] std::uint64_t position() const { return input_.position(); }

 private:
  struct Piece {
    std::vector<char> bytes;
    std::size_t used = 0;
  };

  void work();
  Status decode();
  bool is_stopped();
  bool wait_for_room(Piece& piece);
  void hand_over(Piece piece);

  source::Layer layer_;
  HashedInput input_;
  Piece current_;  ///< the reader's

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> full_;
  std::vector<Piece> empty_;
  std::optional<Status> outcome_;
  bool is_stopped_ = false;

  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace berth::layers
