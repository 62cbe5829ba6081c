// SPDX-License-Identifier: Apache-2.0
// SHA-256 of pieces in their order, by threads that many streams share: hashing takes half as long
// as decompressing, and need not wait for it; and of two streams at once, a quarter less than of
// one after the other.
#pragma once

#include "image/integrity/sha256.h"
#include "image/layers/pieces.h"
#include "image/source/digest.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace berth::layers {

class Hasher;

/// They start with the first piece. Where the kernel makes no threads, whoever adds pieces hashes.
class HashThreads {
 public:
  explicit HashThreads(unsigned most = 1) : most_(most) {}

  HashThreads(const HashThreads&) = delete;
  HashThreads& operator=(const HashThreads&) = delete;
  HashThreads(HashThreads&&) = delete;
  HashThreads& operator=(HashThreads&&) = delete;

  /// When the last hasher is gone.
  ~HashThreads();

 private:
  friend class Hasher;

  bool start();
  void work();
  void hash_some(std::unique_lock<std::mutex>& lock);

  const unsigned most_;
  std::mutex mutex_;
  std::condition_variable work_;  ///< there are pieces, or it is over
  std::condition_variable done_;  ///< some have been hashed
  std::deque<Hasher*> ready_;     ///< those that have pieces and no thread at them
  bool is_over_ = false;
  std::vector<std::thread> threads_;  ///< last: they use all of the above
};

class Hasher {
 public:
  explicit Hasher(std::shared_ptr<HashThreads> threads = std::make_shared<HashThreads>());

  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  Hasher(Hasher&&) = delete;
  Hasher& operator=(Hasher&&) = delete;

  /// Forgets what has not been hashed yet.
  ~Hasher();

  /// Nobody changes the piece any more.
  void add(std::shared_ptr<const Piece> piece);

  /// Waits until no more than `most` pieces are still to be hashed.
  void wait(std::size_t most);

  /// Waits for the digest of all that was added. Once.
  std::string take();

 private:
  friend class HashThreads;

  void hash(std::span<const std::byte> bytes);
  [[nodiscard]] std::span<const std::byte> rest() const;
  std::shared_ptr<const Piece> advance(std::size_t count);

  std::shared_ptr<HashThreads> threads_;
  integrity::Sha256 quick_;
  std::optional<source::Sha256> portable_;  ///< instead, where the processor has no instructions
  // With the mutex of the threads:
  std::deque<std::shared_ptr<const Piece>> pieces_;
  std::size_t position_ = 0;  ///< in the first piece
  bool is_taken_ = false;     ///< a thread is at it
};

}  // namespace berth::layers
