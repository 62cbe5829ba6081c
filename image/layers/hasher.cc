// SPDX-License-Identifier: Apache-2.0
#include "image/layers/hasher.h"

#include "base/thread.h"

namespace berth::layers {

Hasher::Hasher() {
  if (auto thread = start_thread([this] { work(); })) thread_ = std::move(*thread);
}

Hasher::~Hasher() {
  {
    const std::lock_guard lock(mutex_);
    pieces_.clear();
  }
  end();
}

void Hasher::add(std::shared_ptr<const Piece> piece) {
  if (!thread_.joinable()) return hash_.add(piece->bytes.data(), piece->used);
  {
    const std::lock_guard lock(mutex_);
    pieces_.push_back(std::move(piece));
  }
  changed_.notify_one();
}

std::string Hasher::take() {
  end();
  return hash_.take();
}

void Hasher::end() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Hasher::work() {
  while (true) {
    std::shared_ptr<const Piece> piece;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_over_ || !pieces_.empty(); });
      if (pieces_.empty()) return;
      piece = std::move(pieces_.front());
      pieces_.pop_front();
    }
    hash_.add(piece->bytes.data(), piece->used);
  }
}

}  // namespace berth::layers
