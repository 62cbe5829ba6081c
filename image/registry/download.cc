// SPDX-License-Identifier: Apache-2.0
#include "image/registry/download.h"

#include "base/thread.h"
#include "image/registry/fetch.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace berth::registry {

Download::Download(const Network& network, std::vector<Part> parts, Window window)
    : outer_stop_(network.stop),
      network_(network),
      parts_(std::move(parts)),
      window_(window),
      progress_(parts_.size()) {
  network_.stop = &stop_;
}

Download::~Download() {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(1);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

std::uint64_t Download::count_of(std::size_t part) const {
  const std::uint64_t size = parts_[part].size;
  return size / window_.piece + (size % window_.piece == 0 ? 0 : 1);
}

std::size_t Download::size_of(std::size_t part, std::uint64_t number) const {
  const std::uint64_t left = parts_[part].size - number * window_.piece;
  return static_cast<std::size_t>(std::min<std::uint64_t>(left, window_.piece));
}

void Download::cancel(std::size_t part) {
  {
    const std::lock_guard lock(mutex_);
    if (!progress_[part].failure) progress_[part].failure = Error{Blame::host, "go on: cancelled"};
  }
  changed_.notify_all();
}

/// With fewer connections where the kernel makes no more threads.
Status Download::start() {
  if (!threads_.empty()) return Done{};
  for (unsigned i = 0; i < window_.connections; ++i) {
    auto thread = start_thread([this] { work(); });
    if (thread) threads_.push_back(std::move(*thread));
    if (!thread && threads_.empty()) return thread.error();
    if (!thread) break;
  }
  return Done{};
}

/// Under the lock.
Download::Piece* Download::open_piece(std::size_t part, std::uint64_t number) {
  Piece& piece = progress_[part].pieces[number];
  if (!spare_.empty()) {
    piece.bytes = std::move(spare_.back());
    spare_.pop_back();
  }
  piece.bytes.resize(size_of(part, number));
  ++held_;
  return &piece;
}

/// It is complete.
void Download::close_piece(std::size_t part, std::uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    progress_[part].pieces.at(number).is_ready = true;
  }
  changed_.notify_all();
}

/// Under the lock.
Download::Job Download::begin_job(std::size_t part, std::uint64_t number) {
  Progress& progress = progress_[part];
  if (progress.is_whole) {
    progress.is_streamed = true;
    progress.next = number;
    return {part, number, true};
  }
  if (progress.next == number) ++progress.next;
  (void)open_piece(part, number);
  return {part, number, false};
}

/// True when a piece is wanted that nobody fetches, from the view of a stream that is at piece
/// `number` of `part`: one behind it, or one of another part, where no other connection is free.
bool Download::is_anything_missed(std::size_t part, std::uint64_t number) const {
  return std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& wanted) {
    const Progress& progress = progress_[wanted.first];
    if (progress.failure || progress.pieces.count(wanted.second) != 0) return false;
    return wanted.first == part ? wanted.second < number : idle_ == 0 && !progress.is_streamed;
  });
}

/// What somebody waits for comes first, and counts for nothing: it is about to be consumed.
std::optional<Download::Job> Download::choose_wanted() {
  for (const auto& [part, number] : wanted_) {
    const Progress& progress = progress_[part];
    if (progress.failure || progress.is_streamed || progress.pieces.count(number) != 0) continue;
    return begin_job(part, number);
  }
  return std::nullopt;
}

/// In the order in which they will be read, as long as there is room.
std::optional<Download::Job> Download::choose_ahead() {
  if (held_ >= window_.pieces) return std::nullopt;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    Progress& progress = progress_[part];
    while (progress.pieces.count(progress.next) != 0)
      ++progress.next;
    if (progress.failure || progress.is_streamed || progress.next >= count_of(part)) continue;
    return begin_job(part, progress.next);
  }
  return std::nullopt;
}

std::optional<Download::Job> Download::choose_job() {
  auto job = choose_wanted();
  return job ? job : choose_ahead();
}

void Download::work() {
  Http http(network_);
  while (true) {
    std::optional<Job> job;
    {
      std::unique_lock lock(mutex_);
      ++idle_;
      changed_.wait(lock, [&] {
        if (stop_.load() != 0) return true;
        job = choose_job();
        return job.has_value();
      });
      --idle_;
      if (stop_.load() != 0) return;
    }
    Fetch(*this, http, *job).run();
  }
}

Result<Download::Piece*> Download::wait_for_piece(std::unique_lock<std::mutex>& lock,
                                                  std::size_t part,
                                                  std::uint64_t number) {
  Progress& progress = progress_[part];
  while (true) {
    const auto piece = progress.pieces.find(number);
    if (piece != progress.pieces.end() && piece->second.is_ready) return &piece->second;
    if (progress.failure) return *progress.failure;
    if (outer_stop_ != nullptr && outer_stop_->load() != 0) {
      stop_.store(1);
      changed_.notify_all();
      return Error{Blame::host, "go on: interrupted"};
    }
    if (piece == progress.pieces.end() && wanted_.emplace(part, number).second) {
      // Whoever reads a part once more gets it ahead too.
      if (!progress.is_streamed) progress.next = std::min(progress.next, number);
      changed_.notify_all();
    }
    (void)changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
}

Result<std::size_t> Download::read_at(std::size_t part,
                                      std::uint64_t position,
                                      char* into,
                                      std::size_t count) {
  const std::uint64_t number = position / window_.piece;
  const auto from = static_cast<std::size_t>(position % window_.piece);
  std::unique_lock lock(mutex_);
  BERTH_TRY(start());
  const auto piece = wait_for_piece(lock, part, number);
  wanted_.erase({part, number});
  if (!piece) return piece.error();
  lock.unlock();  // a piece that is ready is ours alone
  const std::size_t step = std::min(count, (*piece)->bytes.size() - from);
  std::memcpy(into, (*piece)->bytes.data() + from, step);
  if (from + step < (*piece)->bytes.size()) return step;
  lock.lock();
  if (spare_.size() < window_.connections) spare_.push_back(std::move((*piece)->bytes));
  progress_[part].pieces.erase(number);
  --held_;
  lock.unlock();
  changed_.notify_all();
  return step;
}

}  // namespace berth::registry
