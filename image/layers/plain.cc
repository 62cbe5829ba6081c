// SPDX-License-Identifier: Apache-2.0
#include "image/layers/plain.h"

#include "base/text.h"

namespace berth::layers {

namespace {

constexpr std::size_t kPieceSize = 512UL * 1024;
constexpr std::size_t kMostPieces = 12;

}  // namespace

PlainBytes::PlainBytes(source::Layer layer) : layer_(std::move(layer)), input_(layer_.blob) {
  empty_.resize(kMostPieces);
  thread_ = std::thread([this] { work(); });
}

PlainBytes::~PlainBytes() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PlainBytes::work() {
  Status outcome = decode();
  // Damaged bytes are better explained by the digest that they miss.
  Status digest = is_stopped() ? Status(Done{}) : input_.finish();
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
  source::Sha256 hash;
  Piece piece;
  while (wait_for_room(piece)) {
    piece.bytes.resize(kPieceSize);
    const auto got = (*decoder)->read(piece.bytes.data(), piece.bytes.size());
    if (!got) return got.error();
    if (*got == 0) break;
    piece.used = *got;
    if (is_checked) hash.add(piece.bytes.data(), *got);
    hand_over(std::move(piece));
  }
  if (!is_checked) return Done{};
  const std::string found = hash.take();
  if (found == layer_.diff_id) return Done{};
  return Error{Blame::image,
               "trust " + quote(name()) + ": uncompressed it is " + found + ", not " +
                   layer_.diff_id + " as the config says",
               {},
               "the source is damaged: make or copy it again"};
}

bool PlainBytes::is_stopped() {
  const std::lock_guard lock(mutex_);
  return is_stopped_;
}

bool PlainBytes::wait_for_room(Piece& piece) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_stopped_ || !empty_.empty(); });
  if (is_stopped_) return false;
  piece = std::move(empty_.back());
  empty_.pop_back();
  return true;
}

void PlainBytes::hand_over(Piece piece) {
  {
    const std::lock_guard lock(mutex_);
    full_.push_back(std::move(piece));
  }
  changed_.notify_all();
}

Result<std::string_view> PlainBytes::next() {
  {
    std::unique_lock lock(mutex_);
    if (!current_.bytes.empty()) empty_.push_back(std::move(current_));
    current_ = {};
  }
  changed_.notify_all();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return outcome_ || !full_.empty(); });
  if (full_.empty()) {
    if (!*outcome_) return outcome_->error();
    return std::string_view();
  }
  current_ = std::move(full_.front());
  full_.pop_front();
  return std::string_view(current_.bytes.data(), current_.used);
}

Status PlainBytes::finish() {
  while (true) {
    const auto piece = next();
    if (!piece) return piece.error();
    if (piece->empty()) return Done{};
  }
}

}  // namespace berth::layers
