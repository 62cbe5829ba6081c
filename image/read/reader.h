// SPDX-License-Identifier: Apache-2.0
// Blocks of an image, read and decompressed. An Image is what the threads share; a Reader is one
// thread's way to it. Every position and size is checked against the image before it is used.
#pragma once

#include "base/sanitized.h"
#include "image/read/block_cache.h"
#include "image/read/checked_blocks.h"
#include "image/read/decompress.h"
#include "image/read/directory_marks.h"
#include "image/read/file_marks.h"
#include "image/read/superblock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace berth::read {

/// An open image and what the threads remember of it. About 6 MiB when everything is in use.
struct Image {
  /// The image begins at the byte `begins` of the file. With a `tree`, for which that has to be 0,
  /// nothing is read that differs from it; `report` gets the first such blocks.
  Image(int file,
        const Superblock& superblock,
        std::uint64_t begins = 0,
        const integrity::Tree& tree = {},
        CheckedBlocks::Report report = {});

  int fd;
  std::uint64_t begin;
  Superblock super;
  CheckedBlocks checked;
  BlockCache metadata;
  BlockCache data;
  BlockCache fragments;
  FileMarks file_marks;
  DirectoryMarks directory_marks;
  /// Of a thread's time; then it is EIO. Sanitizers take several times as long for the same walk.
  std::chrono::nanoseconds longest_walk{kSanitized ? 5'000'000'000 : 1'000'000'000};
};

/// Where a data block lies and how: SquashFS' own 32 bits of size and flag.
struct BlockAt {
  std::uint64_t position = 0;
  std::uint32_t header = 0;

  /// Bytes on disk. 0 stands for a block of zeros that is not stored.
  [[nodiscard]] std::uint32_t stored() const noexcept { return header & 0xffffff; }

  [[nodiscard]] bool is_compressed() const noexcept { return (header & 0x1000000) == 0; }
};

class Reader {
 public:
  /// `image` has passed check_superblock() and outlives this.
  explicit Reader(Image& image);

  [[nodiscard]] Image& image() const noexcept { return image_; }

  /// The metadata block at `position`, or an empty Pin. Its next() is where the next one begins.
  BlockCache::Pin metadata_at(std::uint64_t position);

  /// The fragment block of that number, or an empty Pin.
  BlockCache::Pin fragment(std::uint32_t number);
  /// Where the fragment block of that number lies. False where there is none such.
  bool find_fragment(std::uint32_t number, BlockAt& out);

  /// A stored data block through the cache, or an empty Pin.
  BlockCache::Pin data_at(BlockAt block);

  /// The number or plain struct that lies at `position`, not in a metadata block.
  template <class T>
  bool read_number(std::uint64_t position, T& out) {
    return read_bytes(position, std::as_writable_bytes(std::span(&out, 1)));
  }

  /// A stored data block straight into `out`. Bytes written; 0 when it cannot be read.
  std::size_t read_block(BlockAt block, std::span<std::byte> out);

  /// Whether `size` bytes of the file from `position` on are what its tree says. True without one.
  bool are_sound(std::uint64_t position, std::uint64_t size);

  /// Whether the superblock of the Image is the one in the file.
  bool has_superblock();

 private:
  Filled fill_metadata(std::uint64_t position, std::span<std::byte> out);
  bool read_bytes(std::uint64_t position, std::span<std::byte> out);
  [[nodiscard]] std::size_t lead_of(std::uint64_t position) const noexcept;
  std::size_t load(std::uint64_t position, std::size_t count);
  bool accept(std::uint64_t position, std::size_t count);

  Image& image_;
  Decompressor decompressor_;
  std::size_t input_bytes_;
  std::unique_ptr<std::byte[]> input_;  ///< a block as it lies on disk, behind lead_of() it
};

}  // namespace berth::read
