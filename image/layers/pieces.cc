// SPDX-License-Identifier: Apache-2.0
#include "image/layers/pieces.h"

#include <algorithm>

namespace berth::layers {

std::shared_ptr<PiecePool> PiecePool::create(std::size_t count) {
  return std::shared_ptr<PiecePool>(new PiecePool(std::max<std::size_t>(count, 2)));
}

bool PiecePool::may_take(unsigned turn) const {
  if (used_ == count_) return false;
  if (turn <= turn_) return true;
  return used_ + kReserve < count_ && *waiting_.begin() >= turn;
}

std::shared_ptr<Piece> PiecePool::take(unsigned turn, const std::atomic<bool>& is_stopped) {
  std::unique_lock lock(mutex_);
  const auto place = waiting_.insert(turn);
  changed_.wait(lock, [&] { return is_stopped || may_take(turn); });
  waiting_.erase(place);
  if (is_stopped) {
    changed_.notify_all();  // a layer behind this one may be next now
    return nullptr;
  }
  ++used_;
  std::unique_ptr<Piece> piece;
  if (!free_.empty()) {
    piece = std::move(free_.back());
    free_.pop_back();
  }
  lock.unlock();
  if (!piece) piece = std::make_unique<Piece>(Piece{std::vector<char>(kPieceSize), 0});
  piece->used = 0;
  return {piece.release(), [pool = shared_from_this()](Piece* old) {
            pool->give_back(std::unique_ptr<Piece>(old));
          }};
}

void PiecePool::give_back(std::unique_ptr<Piece> piece) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(piece));
    --used_;
  }
  changed_.notify_all();
}

void PiecePool::begin_turn(unsigned turn) {
  {
    const std::lock_guard lock(mutex_);
    turn_ = std::max(turn_, turn);
  }
  changed_.notify_all();
}

void PiecePool::wake() {
  // With the lock, so that nobody is between looking at its flag and going to sleep.
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace berth::layers
