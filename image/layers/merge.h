// SPDX-License-Identifier: Apache-2.0
// Layers from the top down into one tree. A file that an upper layer hides is passed over, so that
// its bytes are never compressed; nothing is written here but into the sink.
#pragma once

#include "image/layers/entry.h"
#include "image/layers/path.h"
#include "image/layers/tree.h"
#include "image/layers/wants.h"
#include "image/source/open.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace berth::layers {

/// Where the bytes of the files go, one file after the other.
class FileSink {
 public:
  FileSink() = default;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  FileSink(FileSink&&) = delete;
  FileSink& operator=(FileSink&&) = delete;
  virtual ~FileSink() = default;

  /// Begins the file that `entry` announces; returns the number that names its content.
  virtual Result<unsigned> begin(const Entry& entry) = 0;
  virtual Status append(std::string_view bytes) = 0;
  virtual Status end() = 0;
};

struct Counts {
  std::uint64_t hidden = 0;  ///< files of lower layers passed over
};

/// What an entry with a name of some 40 bytes takes, from here to the image's tables.
constexpr std::uint64_t kBytesOfEntry = 850;
/// What of it is there while layers are merged.
constexpr std::uint64_t kBytesWhileMerging = 500;
/// With what else an import needs then, below 512 MiB.
constexpr std::uint64_t kMostMemory = 600'000 * kBytesOfEntry;

/// For as many entries as are allowed. Few have still room for long names and attributes.
constexpr std::uint64_t memory_for(std::uint64_t entries) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 32;  // numbers of inodes have 32 bits
  return std::max(std::min(entries, kMost) * kBytesOfEntry, kMostMemory);
}

class Merger {
 public:
  /// Names and attributes cost little in a compressed layer, but memory here: refuses what would
  /// take more than about `most_memory` bytes.
  explicit Merger(FileSink& sink, std::uint64_t most_memory = kMostMemory)
      : sink_(sink),
        most_memory_(most_memory) {}

  /// Adds the next layer; its number must be lower than every one before.
  Status add_layer(int layer, EntryStream& stream, source::Whiteouts whiteouts);

  /// Adds a layer that does nothing but delete; a rule of add_layer() for it is the same.
  Status add_marks(int layer, const std::vector<Mark>& marks);

  /// The layers that must be read once more, because a file that was passed over turned out to be
  /// needed for a hard link that came after it. Nearly always none.
  [[nodiscard]] std::vector<int> layers_to_reread() const;

  Status reread(int layer, EntryStream& stream);

  /// After the last layer: checks that every link has found its target.
  Status finish();

  [[nodiscard]] const Node& root() const { return root_; }

  /// The tree itself, after finish(). Nothing else may be asked for any more.
  Node take_root() { return std::move(root_); }

  [[nodiscard]] const Counts& counts() const { return counts_; }

  /// About what it takes by now, in bytes of memory.
  [[nodiscard]] std::uint64_t memory() const { return nodes_ * kBytesWhileMerging + text_; }

 private:
  Status measure(const Entry& entry);
  Status add(Entry& entry, EntryStream& stream, source::Whiteouts whiteouts);
  Status add_link(const Entry& entry);
  void begin(int layer);
  void apply_mark(const Mark& mark);
  Status store(Inode& inode, const Entry& entry, EntryStream& stream);
  Status settle_wants();
  void postpone(const std::shared_ptr<Inode>& inode);

  Node* reach(std::string_view folder);
  Node& find_or_add(std::string_view path);
  Node& child_of(Node& node, std::string_view name);
  bool place(const std::string& path, const std::shared_ptr<Inode>& inode);
  bool place_under_directory(Node& node, const std::shared_ptr<Inode>& inode);
  [[nodiscard]] bool hides(const Node& node) const;
  void become_directory(Node& node) const;
  void forget(Node& node) const;
  void forget_below(Node& node) const;

  FileSink& sink_;
  Node root_;
  std::uint64_t most_memory_;
  std::uint64_t nodes_ = 1;
  std::uint64_t text_ = 0;  ///< bytes of memory for names, targets and attributes
  Counts counts_;
  Wants wants_;
  int layer_ = 0;            ///< the current one
  std::uint64_t place_ = 0;  ///< of the current entry in it
  /// What the current layer has at each path, visible or not; directories left out.
  std::unordered_map<std::string, std::shared_ptr<Inode>> seen_;
  std::map<int, std::map<std::uint64_t, std::shared_ptr<Inode>>> postponed_;
};

}  // namespace berth::layers
