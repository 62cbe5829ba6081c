// SPDX-License-Identifier: Apache-2.0
// From a blob's bytes to a layer's: hashes what it reads, recognises the compression by its first
// bytes (media types are often wrong), and undoes it.
#pragma once

#include "base/result.h"
#include "image/layers/hasher.h"
#include "image/layers/pieces.h"
#include "image/source/blob.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace berth::layers {

/// The blob as it lies there, in pieces, every byte hashed on its way.
class HashedInput {
 public:
  explicit HashedInput(
      const source::Blob& blob,
      const std::shared_ptr<HashThreads>& threads = std::make_shared<HashThreads>());

  /// The next piece, valid until the next call; empty at the end.
  Result<std::string_view> next();

  /// The first bytes, without consuming them.
  Result<std::string_view> peek();

  /// Reads what nobody asked for, then compares the digest.
  Status finish();

  [[nodiscard]] const source::Blob& blob() const { return blob_; }

  /// How far it has come; any thread may ask.
  [[nodiscard]] std::uint64_t position() const { return position_.load(std::memory_order_relaxed); }

 private:
  Result<std::string_view> read();

  const source::Blob& blob_;
  std::array<std::shared_ptr<Piece>, 8> pieces_;  ///< one is handed out, the others are hashed
  std::size_t next_ = 0;                          ///< of them, to be read into
  Hasher hasher_;
  std::string_view waiting_;  ///< peeked at, not yet handed out
  std::atomic<std::uint64_t> position_{0};
};

class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  Decoder(Decoder&&) = delete;
  Decoder& operator=(Decoder&&) = delete;
  virtual ~Decoder() = default;

  /// Fills `into` from its start; fewer bytes than `count` only when there are no more.
  virtual Result<std::size_t> read(char* into, std::size_t count) = 0;

  /// Bytes of what has come out that it may keep to refer to.
  [[nodiscard]] virtual std::size_t most_window() const { return PiecePool::kLargestWindow; }
};

/// The decoder for what `input` begins with; plain bytes when it is no compression we know.
Result<std::unique_ptr<Decoder>> choose_decoder(HashedInput& input);

/// gzip, one member or several, through isa-l (three times as fast as zlib). In a file of its own.
std::unique_ptr<Decoder> make_gzip_decoder(HashedInput& input);

/// xz, one stream or several, within a limit of memory. In a file of its own.
std::unique_ptr<Decoder> make_xz_decoder(HashedInput& input);

}  // namespace berth::layers
