// SPDX-License-Identifier: Apache-2.0
// The entries of one tar layer, through libarchive's tar reader and nothing else of it.
#pragma once

#include "image/layers/entry.h"
#include "image/layers/plain.h"
#include "image/source/open.h"

#include <sys/types.h>

#include <array>
#include <memory>
#include <string>

struct archive;
struct archive_entry;

namespace berth::layers {

class TarStream : public EntryStream {
 public:
  /// Starts to decompress at once, ahead of the first next().
  explicit TarStream(source::Layer layer, Xattrs xattrs = Xattrs::users, Queueing queueing = {});
  TarStream(const TarStream&) = delete;
  TarStream& operator=(const TarStream&) = delete;
  TarStream(TarStream&&) = delete;
  TarStream& operator=(TarStream&&) = delete;
  ~TarStream() override;

  Result<bool> next(Entry& entry) override;
  Result<std::string_view> data() override;

  /// Bytes of the blob consumed so far.
  [[nodiscard]] std::uint64_t position() const { return bytes_.position(); }

 private:
  Status open();
  int read_header(archive_entry*& raw);
  ssize_t give(const void** piece);
  Status measure_hole(std::uint64_t bytes);
  Error broken();
  Status read_entry(archive_entry* raw, Entry& entry);
  static Result<bool> end(Status status);

  std::shared_ptr<Meter> meter_;  ///< may be null
  PlainBytes bytes_;
  Xattrs xattrs_;
  std::uint64_t holes_ = 0;
  std::optional<Error> failure_;  ///< of bytes_, met inside libarchive
  archive* archive_;
  bool is_open_ = false;
  bool has_entry_ = false;
  bool is_in_header_ = false;
  std::size_t header_bytes_ = 0;  ///< that were read for the current header
  std::uint64_t size_ = 0;        ///< of the current file
  std::uint64_t position_ = 0;    ///< how much of it was handed out
  std::string_view block_;        ///< libarchive's, to be handed out
  std::uint64_t block_at_ = 0;    ///< where in the file it belongs
};

}  // namespace berth::layers
