// SPDX-License-Identifier: Apache-2.0
// A run of bytes inside an open file, or of what is fetched while it is read: a layer, a manifest
// or a config, wherever it lies. Several can be read at once, as reading never moves a shared
// position.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>

namespace berth::source {

/// Bytes that are no file here.
class FetchedBytes {
 public:
  FetchedBytes() = default;
  FetchedBytes(const FetchedBytes&) = delete;
  FetchedBytes& operator=(const FetchedBytes&) = delete;
  FetchedBytes(FetchedBytes&&) = delete;
  FetchedBytes& operator=(FetchedBytes&&) = delete;
  virtual ~FetchedBytes() = default;

  /// Up to `count` bytes, not 0, from `position`; the caller keeps within the blob's size. May
  /// wait. Whoever reads from the start to the end, in order, is served best.
  virtual Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t count) = 0;

  /// Whoever waits in read_at, on another thread, gets an error now, as do all later calls.
  virtual void cancel() = 0;
};

struct Blob {
  std::shared_ptr<const UniqueFd> file = {};
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string name = {};    ///< for messages: the file, or the member of the archive
  std::string digest = {};  ///< what the bytes must hash to; empty when the source does not say
  std::shared_ptr<FetchedBytes> fetched = {};  ///< the bytes are there and not in `file`
  std::string cure = {};  ///< the hint when the digest is wrong; empty: that of a damaged source
};

/// Up to `count` bytes from `position` within the blob; 0 only at its end. A file that has become
/// shorter than the blob is an error.
Result<std::size_t> read_some(const Blob& blob,
                              std::uint64_t position,
                              char* into,
                              std::size_t count);

/// The whole blob, checked against its digest. `limit` bytes at most.
Result<std::string> read_whole(const Blob& blob, std::uint64_t limit);

/// The error for a blob that is not what its name says.
Error wrong_digest(const Blob& blob, const std::string& found);

/// The whole of a regular file as a blob. `path` starts at `directory`.
Result<Blob> open_blob(const std::string& path, const std::string& name, int directory = -100);

}  // namespace berth::source
