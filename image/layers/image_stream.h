// SPDX-License-Identifier: Apache-2.0
// What is in a SquashFS image as a stream of entries, in the order of the names. The image is
// hostile: each directory is entered once, and everything that is read has been checked.
#pragma once

#include "image/layers/entry.h"
#include "image/read/directory.h"
#include "image/source/blob.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace berth::layers {

class ImageStream : public EntryStream {
 public:
  /// The blob is an image whose superblock says `super`. With a `tree`, for which the blob has to
  /// be a whole file, what differs from it is damage.
  ImageStream(const source::Blob& blob,
              const read::Superblock& super,
              Xattrs xattrs,
              const integrity::Tree& tree = {});

  Result<bool> next(Entry& entry) override;
  Result<std::string_view> data() override;

  /// The reference of the current entry's inode.
  [[nodiscard]] std::uint64_t reference() const { return reference_; }

  /// Makes the regular file with that inode the current one, for data(). `path` is for messages.
  Status go_to(std::uint64_t reference, const std::string& path);

 private:
  /// A directory that we are in. Its listing refers to its inode.
  struct Level {
    std::string path;
    read::Inode inode;
    std::unique_ptr<read::Listing> listing;
  };

  [[nodiscard]] Error damaged(const std::string& path) const;
  Status enter(const read::Inode& inode, const std::string& path);
  Status apply_attributes(const read::Inode& inode, Entry& entry);
  Status read_entry(std::uint64_t reference, Entry& entry);

  source::Blob blob_;
  Xattrs xattrs_;
  read::Image image_;
  read::Reader reader_;
  bool is_begun_ = false;
  std::vector<std::unique_ptr<Level>> levels_;
  std::unordered_set<std::uint64_t> entered_;              ///< directories, by reference
  std::unordered_map<std::uint64_t, std::string> linked_;  ///< first names of what has several
  std::uint64_t reference_ = 0;                            ///< of the current entry
  read::Inode file_;                                       ///< the current one
  std::string file_path_;
  std::uint64_t position_ = 0;
  std::vector<char> bytes_;
};

}  // namespace berth::layers
