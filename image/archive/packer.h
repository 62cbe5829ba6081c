// SPDX-License-Identifier: Apache-2.0
// Compresses a run of bytes with several threads: it is cut into pieces of one size, and each
// becomes a gzip member or a zstd frame of its own. The same bytes come out with any number of
// threads.
#pragma once

#include "base/result.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace berth::archive {

enum class Compression { gzip, zstd, none };

/// Takes bytes in their order.
using Sink = std::function<Status(std::string_view)>;

class Packer {
 public:
  /// With fewer threads where the kernel makes no more; with none, append() and finish() fail.
  Packer(Compression compression, unsigned threads, Sink sink);
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  Packer(Packer&&) = delete;
  Packer& operator=(Packer&&) = delete;

  /// Gives up what has not gone to the sink.
  ~Packer();

  /// Hands compressed bytes to the sink now and then, in this thread; its errors come back.
  Status append(std::string_view bytes);

  /// The rest. Once, after the last append().
  Status finish();

 private:
  struct Piece {
    std::string plain;
    std::string packed;
    bool is_done = false;
  };

  void work();
  Status hand_in();
  Status hand_out(std::size_t most_left);

  Compression compression_;
  Sink sink_;
  std::size_t most_;  ///< pieces at a time
  Status started_ = Done{};
  std::string filling_;  ///< the piece that append() adds to
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Piece>> pieces_;   ///< in order, until they went to the sink
  std::deque<std::shared_ptr<Piece>> waiting_;  ///< those that nobody has begun
  bool is_over_ = false;
  std::vector<std::thread> threads_;  ///< last: they use all of the above
};

}  // namespace berth::archive
