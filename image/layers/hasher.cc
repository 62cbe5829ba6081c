// SPDX-License-Identifier: Apache-2.0
#include "image/layers/hasher.h"

#include "base/thread.h"

#include <algorithm>
#include <array>

namespace berth::layers {

namespace {

/// What is hashed of one stream alone before another one may join it.
constexpr std::size_t kAlone = 64UL * 1024;

}  // namespace

HashThreads::~HashThreads() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

/// With the lock. False when there is no thread.
bool HashThreads::start() {
  while (threads_.size() < most_) {
    auto thread = start_thread([this] { work(); });
    if (!thread) break;
    threads_.push_back(std::move(*thread));
  }
  return !threads_.empty();
}

void HashThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return is_over_ || !ready_.empty(); });
    if (ready_.empty()) return;
    hash_some(lock);
  }
}

void HashThreads::hash_some(std::unique_lock<std::mutex>& lock) {
  std::array<Hasher*, 2> chosen = {ready_.front(), nullptr};
  ready_.pop_front();
  const bool are_two = !ready_.empty() && !chosen[0]->portable_;
  if (are_two) {
    chosen[1] = ready_.front();
    ready_.pop_front();
  }
  const auto first = chosen[0]->rest();
  const auto second = are_two ? chosen[1]->rest() : std::span<const std::byte>();
  const std::size_t count = std::min(first.size(), are_two ? second.size() : kAlone);
  chosen[0]->is_taken_ = true;
  if (are_two) chosen[1]->is_taken_ = true;
  lock.unlock();
  if (are_two) {
    integrity::Sha256::add_to_two(
        chosen[0]->quick_, first.first(count), chosen[1]->quick_, second.first(count));
  } else {
    chosen[0]->hash(first.first(count));
  }
  lock.lock();
  std::array<std::shared_ptr<const Piece>, 2> finished;
  for (std::size_t i = 0; i < (are_two ? 2 : 1); ++i) {
    finished.at(i) = chosen.at(i)->advance(count);
    if (!chosen.at(i)->pieces_.empty()) ready_.push_back(chosen.at(i));
  }
  done_.notify_all();
  // They go back to their pool, which has a lock of its own.
  lock.unlock();
  finished = {};
  lock.lock();
}

Hasher::Hasher(std::shared_ptr<HashThreads> threads) : threads_(std::move(threads)) {
  if (!integrity::Sha256::is_quick()) portable_.emplace();
}

Hasher::~Hasher() {
  std::unique_lock lock(threads_->mutex_);
  const auto forgotten = std::exchange(pieces_, {});
  std::erase(threads_->ready_, this);
  threads_->done_.wait(lock, [this] { return !is_taken_; });
  lock.unlock();  // before the pieces go
}

void Hasher::add(std::shared_ptr<const Piece> piece) {
  if (piece->used == 0) return;
  std::unique_lock lock(threads_->mutex_);
  if (!threads_->start()) {
    lock.unlock();
    return hash(std::as_bytes(std::span(piece->bytes).first(piece->used)));
  }
  pieces_.push_back(std::move(piece));
  if (pieces_.size() == 1) threads_->ready_.push_back(this);
  lock.unlock();
  threads_->work_.notify_one();
}

void Hasher::wait(std::size_t most) {
  std::unique_lock lock(threads_->mutex_);
  threads_->done_.wait(lock, [&] { return pieces_.size() <= most; });
}

std::string Hasher::take() {
  wait(0);
  return portable_ ? portable_->take() : "sha256:" + integrity::hex_of(quick_.take());
}

void Hasher::hash(std::span<const std::byte> bytes) {
  if (portable_) return portable_->add(bytes.data(), bytes.size());
  quick_.add(bytes);
}

std::span<const std::byte> Hasher::rest() const {
  const Piece& piece = *pieces_.front();
  return std::as_bytes(std::span(piece.bytes).first(piece.used).subspan(position_));
}

/// Returns the piece that is through, if one is.
std::shared_ptr<const Piece> Hasher::advance(std::size_t count) {
  is_taken_ = false;
  if (pieces_.empty()) return nullptr;  // given up meanwhile
  position_ += count;
  if (position_ < pieces_.front()->used) return nullptr;
  position_ = 0;
  auto piece = std::move(pieces_.front());
  pieces_.pop_front();
  return piece;
}

}  // namespace berth::layers
