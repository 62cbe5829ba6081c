// SPDX-License-Identifier: Apache-2.0
#include "image/layers/pieces.h"

#include <algorithm>

namespace berth::layers {

std::shared_ptr<PiecePool> PiecePool::create(std::size_t count, std::size_t budget) {
  return std::shared_ptr<PiecePool>(new PiecePool(std::max<std::size_t>(count, 2), budget));
}

std::size_t PiecePool::count_now(std::size_t others) const {
  others += all_windows_ + tree_.load(std::memory_order_relaxed);
  return others < budget_ ? std::min(count_, (budget_ - others) / kPieceSize) : 0;
}

/// What the layer that is being read may still add to its window.
std::size_t PiecePool::window_to_come() const {
  if (windows_.empty()) return 0;
  const auto now = windows_.find(turn_);
  return kLargestWindow - (now == windows_.end() ? 0 : now->second);
}

bool PiecePool::may_take(unsigned turn) const {
  if (used_ == count_) return false;
  if (turn <= turn_) {
    // Others may hold more than there are by now, until it is their turn.
    const auto held = held_.find(turn);
    return used_ < count_now() || held == held_.end() || held->second < kReserve;
  }
  return used_ + kReserve < count_now(window_to_come()) && *waiting_.begin() >= turn;
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
  ++held_[turn];
  std::unique_ptr<Piece> piece;
  if (!free_.empty()) {
    piece = std::move(free_.back());
    free_.pop_back();
  }
  lock.unlock();
  if (!piece) piece = std::make_unique<Piece>(Piece{std::vector<char>(kPieceSize), 0});
  piece->used = 0;
  return {piece.release(), [pool = shared_from_this(), turn](Piece* old) {
            pool->give_back(std::unique_ptr<Piece>(old), turn);
          }};
}

void PiecePool::give_back(std::unique_ptr<Piece> piece, unsigned turn) {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::max(count_now(), kReserve);
    --used_;
    free_.push_back(std::move(piece));
    while (!free_.empty() && used_ + free_.size() > count)
      free_.pop_back();
    if (--held_[turn] == 0) held_.erase(turn);
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

void PiecePool::add_window(unsigned turn, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  windows_[turn] += bytes;
  all_windows_ += bytes;
}

void PiecePool::take_back_window(unsigned turn) {
  {
    const std::lock_guard lock(mutex_);
    const auto window = windows_.find(turn);
    if (window == windows_.end()) return;
    all_windows_ -= window->second;
    windows_.erase(window);
  }
  changed_.notify_all();
}

void PiecePool::wake() {
  // With the lock, so that nobody is between looking at its flag and going to sleep.
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace berth::layers
