// SPDX-License-Identifier: Apache-2.0
// libsquashfs's file interface over a descriptor that belongs to somebody else. Keeps the errno of
// the first call that failed, which libsquashfs would swallow.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sqfs/io.h>

namespace berth::squash {

class Output {
 public:
  /// `fd` must be open for reading and writing, and empty.
  explicit Output(int fd);

  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  Output(Output&&) = delete;
  Output& operator=(Output&&) = delete;
  ~Output() = default;

  sqfs_file_t* file() { return &self_.interface; }

  /// libsquashfs's answers: 0, or an error that check() explains.
  int append(std::string_view bytes) { return write(size_, bytes.data(), bytes.size()); }

  int truncate(std::uint64_t size);

  /// What has been written so far will not be taken back.
  int settle();

  [[nodiscard]] std::uint64_t size() const { return size_; }

  [[nodiscard]] std::optional<Refusal> refusal() const { return refusal_; }

  /// Makes the file a whole number of `unit` bytes long with zeros, and writes all of it.
  int pad(std::uint64_t unit);

 private:
  /// First member is the C interface, so that a pointer to one is a pointer to the other.
  struct Self {
    sqfs_file_t interface;
    Output* output;
  };

  static Output& of(const sqfs_file_t* file);
  int fail(const char* call, int number);
  int read(std::uint64_t offset, char* into, std::size_t count);
  int write(std::uint64_t offset, const char* bytes, std::size_t count);
  int put(std::uint64_t offset, const char* bytes, std::size_t count);
  int flush(std::size_t count);
  int flush_pages();
  void start_writeback();

  Self self_ = {};
  int fd_;
  std::uint64_t size_ = 0;
  std::uint64_t put_ = 0;      ///< so much of the file has been handed to the kernel
  std::vector<char> tail_;     ///< the rest
  std::uint64_t flushed_ = 0;  ///< the kernel has been asked to write what lies before this
  std::optional<Refusal> refusal_;
};

}  // namespace berth::squash
