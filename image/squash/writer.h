// SPDX-License-Identifier: Apache-2.0
// Writes a SquashFS image: the files' bytes as they come, cut into blocks and compressed by several
// threads, then the tree. The same calls give the same bytes, whatever the number of threads.
#pragma once

#include "base/result.h"
#include "image/squash/tree.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace berth::squash {

struct Options {
  std::string compressor = "zstd";
  unsigned block_size = 128 * 1024;  ///< bytes: a power of two from 4 KiB to 1 MiB
  unsigned threads = 1;              ///< that compress
};

/// The compressors' names, the default first.
std::vector<std::string> compressors();

class Writer {
 public:
  /// `fd` is open for reading and writing, empty, and stays the caller's.
  static Result<Writer> create(int fd, const Options& options);

  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) = delete;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  /// How a file lies in the image.
  enum class Packing {
    shared,     ///< a small file, or what the last block leaves, shares a block with others
    own_block,  ///< nothing else has to be decompressed to read it
    plain       ///< like that, and not compressed
  };

  /// Begins a file. Returns the number for Inode::content.
  unsigned begin_file(Packing packing);
  Status append(std::string_view bytes);
  Status end_file();

  /// After the last file: ends the threads and gives back memory(), which the tree may need.
  Status end_files();

  /// Bytes of memory that the threads and what is on its way to them take at most.
  [[nodiscard]] std::size_t memory() const;

  /// Writes everything else and, last, the superblock. Nothing may follow.
  Status finish(const Tree& tree);

  /// Bytes of file content taken in, and of the image when it is finished.
  [[nodiscard]] std::uint64_t bytes_in() const;
  [[nodiscard]] std::uint64_t bytes_out() const;

 private:
  struct State;
  explicit Writer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace berth::squash
