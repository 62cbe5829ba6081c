// SPDX-License-Identifier: Apache-2.0
// SHA-256 of pieces in their order, in a thread of its own: hashing takes nearly as long as
// decompressing, and need not wait for it. Where the kernel makes no more threads, it does.
#pragma once

#include "image/layers/pieces.h"
#include "image/source/digest.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace berth::layers {

class Hasher {
 public:
  Hasher();

  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  Hasher(Hasher&&) = delete;
  Hasher& operator=(Hasher&&) = delete;

  /// Forgets what has not been hashed yet.
  ~Hasher();

  /// Nobody changes the piece any more.
  void add(std::shared_ptr<const Piece> piece);

  /// Waits for the digest of all that was added. Once.
  std::string take();

 private:
  void work();
  void end();

  source::Sha256 hash_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<const Piece>> pieces_;
  bool is_over_ = false;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace berth::layers
