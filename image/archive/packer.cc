// SPDX-License-Identifier: Apache-2.0
#include "image/archive/packer.h"

#include "base/thread.h"

#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>

namespace berth::archive {

namespace {

constexpr std::size_t kPiece = 1UL << 20;
constexpr unsigned kMostThreads = 32;  ///< 4 pieces each: 128 MiB of them, and as much compressed
constexpr int kGzipLevel = 6;          ///< what gzip and docker use
constexpr int kZstdLevel = 3;          ///< zstd's own choice

struct FreeGzip {
  void operator()(libdeflate_compressor* packer) const noexcept {
    libdeflate_free_compressor(packer);
  }
};

struct FreeZstd {
  void operator()(ZSTD_CCtx* packer) const noexcept { (void)ZSTD_freeCCtx(packer); }
};

/// A library refuses only when it has no memory, and that ends the program everywhere here.
template <class T>
T* must(T* made) {
  if (made == nullptr) std::abort();
  return made;
}

std::size_t must_fit(std::size_t size) {
  if (size == 0 || ZSTD_isError(size) != 0) std::abort();
  return size;
}

/// One thread's way to compress.
class Tool {
 public:
  explicit Tool(Compression compression) {
    if (compression == Compression::gzip)
      gzip_.reset(must(libdeflate_alloc_compressor(kGzipLevel)));
    if (compression == Compression::zstd) zstd_.reset(must(ZSTD_createCCtx()));
  }

  void run(const std::string& plain, std::string& packed) {
    if (gzip_) {
      packed.resize(libdeflate_gzip_compress_bound(gzip_.get(), plain.size()));
      packed.resize(must_fit(libdeflate_gzip_compress(
          gzip_.get(), plain.data(), plain.size(), packed.data(), packed.size())));
    } else if (zstd_) {
      packed.resize(ZSTD_compressBound(plain.size()));
      packed.resize(must_fit(ZSTD_compressCCtx(
          zstd_.get(), packed.data(), packed.size(), plain.data(), plain.size(), kZstdLevel)));
    } else {
      packed = plain;
    }
  }

 private:
  std::unique_ptr<libdeflate_compressor, FreeGzip> gzip_;
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd_;
};

}  // namespace

Packer::Packer(Compression compression, unsigned threads, Sink sink)
    : compression_(compression),
      sink_(std::move(sink)) {
  const unsigned count =
      compression == Compression::none ? 1 : std::clamp(threads, 1U, kMostThreads);
  most_ = std::size_t{4} * count;
  for (unsigned i = 0; i < count; ++i) {
    auto thread = start_thread([this] { work(); });
    if (thread) threads_.push_back(std::move(*thread));
    if (!thread && threads_.empty()) started_ = std::move(thread.error());
    if (!thread) break;
  }
}

Packer::~Packer() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void Packer::work() {
  Tool tool(compression_);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_over_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::shared_ptr<Piece> piece = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    tool.run(piece->plain, piece->packed);
    lock.lock();
    piece->is_done = true;
    changed_.notify_all();
  }
}

Status Packer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kPiece - filling_.size());
    filling_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (filling_.size() == kPiece) BERTH_TRY(hand_in());
  }
  return Done{};
}

Status Packer::hand_in() {
  BERTH_TRY(Status(started_));
  auto piece = std::make_shared<Piece>();
  piece->plain.swap(filling_);
  filling_.reserve(kPiece);
  {
    const std::lock_guard lock(mutex_);
    pieces_.push_back(piece);
    waiting_.push_back(std::move(piece));
  }
  changed_.notify_all();
  return hand_out(most_);
}

/// To the sink with what is compressed; waits until at most so many pieces are left.
Status Packer::hand_out(std::size_t most_left) {
  while (true) {
    std::shared_ptr<Piece> piece;
    {
      std::unique_lock lock(mutex_);
      if (pieces_.empty() || (pieces_.size() <= most_left && !pieces_.front()->is_done))
        return Done{};
      changed_.wait(lock, [this] { return pieces_.front()->is_done; });
      piece = std::move(pieces_.front());
      pieces_.pop_front();
    }
    BERTH_TRY(sink_(piece->packed));
  }
}

Status Packer::finish() {
  if (!filling_.empty()) BERTH_TRY(hand_in());
  return hand_out(0);
}

}  // namespace berth::archive
