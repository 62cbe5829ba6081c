// SPDX-License-Identifier: Apache-2.0
#include "image/layers/plain.h"

#include "base/text.h"
#include "base/thread.h"

#include <algorithm>

namespace berth::layers {

namespace {

constexpr std::chrono::milliseconds kPulse{200};

}  // namespace

PlainBytes::PlainBytes(source::Layer layer, Queueing queueing)
    : layer_(std::move(layer)),
      queueing_(std::move(queueing)),
      input_(layer_.blob, queueing_.hash_threads) {
  auto thread = start_thread([this] { work(); });
  if (thread) {
    thread_ = std::move(*thread);
  } else {
    outcome_ = std::move(thread.error());
  }
}

PlainBytes::~PlainBytes() {
  is_stopped_ = true;
  queueing_.pool->wake();
  bool is_over = false;
  {
    const std::lock_guard lock(mutex_);
    is_over = outcome_.has_value();
  }
  // A server may take its time; whoever gives up does not have to wait for it.
  if (!is_over && layer_.blob.fetched) layer_.blob.fetched->cancel();
  if (thread_.joinable()) thread_.join();
}

void PlainBytes::work() {
  Status outcome = decode();
  queueing_.pool->take_back_window(queueing_.turn);
  // Damaged bytes are better explained by the digest that they miss.
  Status digest = is_stopped_ ? Status(Done{}) : input_.finish();
  if (!digest) outcome = std::move(digest);
  {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
  }
  changed_.notify_all();
}

Status PlainBytes::decode() {
  auto decoder = choose_decoder(input_);
  if (!decoder) return std::move(decoder.error());
  // An uncompressed blob has one digest, which is checked as the blob's.
  const bool is_checked = !layer_.diff_id.empty() && layer_.diff_id != layer_.blob.digest;
  if (!is_checked) return decode_with(**decoder, nullptr);
  Hasher hasher(queueing_.hash_threads);
  BERTH_TRY(decode_with(**decoder, &hasher));
  const std::string found = hasher.take();
  if (found == layer_.diff_id || is_stopped_) return Done{};
  return Error{Blame::image,
               "trust " + quote(name()) + ": uncompressed it is " + found + ", not " +
                   layer_.diff_id + " as the config says",
               {},
               "the source is damaged: make or copy it again"};
}

Status PlainBytes::measure(std::uint64_t bytes) {
  const std::uint64_t unpacked = unpacked_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (!queueing_.meter) return Done{};
  BERTH_TRY(queueing_.meter->add_bytes(bytes, name()));
  return queueing_.meter->check_ratio(unpacked, input_.position(), name());
}

void PlainBytes::count_window(std::size_t bytes, const Decoder& decoder) {
  const std::size_t more = std::min(bytes, decoder.most_window() - window_);
  window_ += more;
  if (more > 0) queueing_.pool->add_window(queueing_.turn, more);
}

Status PlainBytes::decode_with(Decoder& decoder, Hasher* hasher) {
  while (auto piece = queueing_.pool->take(queueing_.turn, is_stopped_)) {
    const auto got = decoder.read(piece->bytes.data(), piece->bytes.size());
    if (!got) return got.error();
    if (*got == 0) break;
    count_window(*got, decoder);
    BERTH_TRY(measure(*got));
    piece->used = *got;
    if (hasher != nullptr) hasher->add(piece);
    hand_over(std::move(piece));
  }
  return Done{};
}

void PlainBytes::hand_over(std::shared_ptr<Piece> piece) {
  {
    const std::lock_guard lock(mutex_);
    full_.push_back(std::move(piece));
  }
  changed_.notify_all();
}

Result<std::string_view> PlainBytes::next() {
  if (current_ == nullptr) queueing_.pool->begin_turn(queueing_.turn);
  current_.reset();
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPulse, [this] { return outcome_ || !full_.empty(); })) {
    lock.unlock();
    if (queueing_.pulse) BERTH_TRY(queueing_.pulse());
    lock.lock();
  }
  if (full_.empty()) {
    if (!*outcome_) return outcome_->error();
    return std::string_view();
  }
  current_ = std::move(full_.front());
  full_.pop_front();
  return std::string_view(current_->bytes.data(), current_->used);
}

Status PlainBytes::finish() {
  while (true) {
    const auto piece = next();
    if (!piece) return piece.error();
    if (piece->empty()) return Done{};
  }
}

}  // namespace berth::layers
