// SPDX-License-Identifier: Apache-2.0
// Compresses blocks on several threads and hands them on in the order in which they came. For this
// room only.
#pragma once

#include "base/result.h"
#include "image/squash/fingerprint.h"
#include "image/squash/objects.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include <sqfs/compressor.h>

namespace berth::squash {

/// Beside the size of a block in SquashFS's word for it: it is stored as it was.
constexpr std::uint32_t kNotCompressed = 1U << 24;

struct Block {
  std::vector<char> bytes;  ///< room for the largest block
  std::uint32_t size = 0;   ///< how much of it is in use

  enum class Part { of_file, end_of_file, fragments };
  Part part = Part::of_file;
  bool is_plain = false;  ///< to be left as it is

  /// What compressing has made of it: SquashFS's word for it, 0 for nothing but zeros.
  std::uint32_t stored = 0;
  Fingerprint fingerprint = {};  ///< of the bytes as they are stored
  bool is_ready = false;

  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};

class Pipeline {
 public:
  struct Settings {
    unsigned block_size = 0;
    unsigned threads = 1;
    unsigned backlog = 1;  ///< blocks that are in use at a time
  };

  /// Called for one block after the other, each time on some thread.
  using Take = std::function<Status(const Block&)>;

  /// `compressor` is copied for each thread; null when there is not enough memory. With fewer
  /// threads where the kernel makes no more, and an error only when it makes none.
  static Result<std::unique_ptr<Pipeline>> create(const sqfs_compressor_t& compressor,
                                                  const Settings& settings,
                                                  Take take);

  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  Pipeline(Pipeline&&) = delete;
  Pipeline& operator=(Pipeline&&) = delete;

  /// Forgets what has not been compressed yet.
  ~Pipeline();

  /// An empty block; waits until there is one.
  std::unique_ptr<Block> take_empty();

  /// The first error of what came before, too: after that, nothing is done any more.
  Status add(std::unique_ptr<Block> block);

  /// Waits until everything has been handed on.
  Status finish();

 private:
  using Packer = Object<sqfs_compressor_t>;

  Pipeline(std::vector<Packer> packers, const Settings& settings, Take take);
  Status start();
  void work(sqfs_compressor_t& packer);
  void hand_on(std::unique_lock<std::mutex>& lock);

  const unsigned block_size_;
  const Take take_;
  std::vector<Packer> packers_;
  std::mutex mutex_;
  std::condition_variable work_;  ///< there are blocks to compress, or it is over
  std::condition_variable room_;  ///< there are empty blocks, or all are
  std::vector<std::unique_ptr<Block>> empty_;
  std::deque<Block*> raw_;                     ///< to be compressed
  std::deque<std::unique_ptr<Block>> blocks_;  ///< that have not been handed on, in order
  std::optional<Error> failure_;
  bool is_handing_on_ = false;
  bool is_over_ = false;
  std::vector<std::thread> threads_;  ///< last: they use all of the above
};

}  // namespace berth::squash
