// SPDX-License-Identifier: Apache-2.0
#include "image/integrity/seal.h"

#include "image/integrity/parallel.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>

namespace berth::integrity {
namespace {

using Block = std::array<std::byte, kBlockBytes>;
using DigestBlock = std::array<Digest, kDigestsInBlock>;  ///< a block of the tree

static_assert(sizeof(DigestBlock) == kBlockBytes);

/// What is read at once: stays in the processor's nearer caches.
constexpr std::uint64_t kPieceBlocks = 16;
constexpr std::size_t kReported = 8;

/// Fills `out`. A file that ends before is the host's fault: it was longer a moment ago.
Status read_fully(int fd, std::span<std::byte> out, std::uint64_t position) {
  errno = 0;
  if (read_at(fd, out, position) == out.size()) return Done{};
  if (errno != 0) return refused("pread", "read the image", errno);
  return Error{Blame::host, "read the image: it has become shorter"};
}

Status write_fully_at(int fd, std::span<const std::byte> bytes, std::uint64_t position) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(position));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return refused("pwrite", "write the image", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    position += static_cast<std::uint64_t>(n);
  }
  return Done{};
}

/// The digests of up to kDigestsInBlock blocks from `first` on, as a block of the tree has them.
Status read_digests(
    int fd, const Tree& tree, std::uint64_t first, std::uint64_t count, DigestBlock& out) {
  std::array<std::byte, kPieceBlocks * kBlockBytes> piece;
  out = {};
  for (std::uint64_t done = 0; done < count; done += kPieceBlocks) {
    const std::uint64_t blocks = std::min(kPieceBlocks, count - done);
    const auto bytes = std::span(piece).first(blocks * kBlockBytes);
    BERTH_TRY(read_fully(fd, bytes, (first + done) * kBlockBytes));
    make_digests(tree, bytes, std::span(out).subspan(done, blocks));
  }
  return Done{};
}

/// A run of blocks whose digests the blocks of one level hold.
struct Below {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  [[nodiscard]] std::uint64_t count_under(std::uint64_t parent) const {
    return std::min(kDigestsInBlock, count - parent * kDigestsInBlock);
  }
};

Below below(const Tree& tree, std::size_t level) {
  if (level == 0) return {0, tree.data_blocks};
  return {tree.first.at(level - 1), tree.blocks.at(level - 1)};
}

Result<Digest> make_root(int fd, const Tree& tree) {
  Block block;
  const std::uint64_t last = tree.levels == 0 ? 0 : tree.first.at(tree.levels - 1);
  BERTH_TRY(read_fully(fd, block, last * kBlockBytes));
  return digest_of(tree, block);
}

/// Digests a file from its beginning.
class FileHasher {
 public:
  explicit FileHasher(int fd) : fd_(fd) {}

  Status add_until(std::uint64_t end, const std::function<bool()>& is_wanted) {
    std::array<std::byte, kPieceBlocks * kBlockBytes> piece;
    while (position_ < end && is_wanted()) {
      const auto bytes = std::span(piece).first(std::min(piece.size(), end - position_));
      BERTH_TRY(read_fully(fd_, bytes, position_));
      hash_.add(bytes);
      position_ += bytes.size();
    }
    return Done{};
  }

  Digest take() { return hash_.take(); }

  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  int fd_;
  Sha256 hash_;
  std::atomic<std::uint64_t> position_ = 0;
};

/// Wraps a Tell for for_each_in_parallel(): work that is one long step asks `is_wanted`.
struct Watch {
  const Tell& tell;
  std::atomic<std::uint64_t> done = 0;
  std::atomic<bool> is_wanted = true;

  Status operator()() {
    Status outcome = tell(done);
    if (!outcome) is_wanted = false;
    return outcome;
  }
};

}  // namespace

Result<Sealed> write_tree(int fd, std::uint64_t data_bytes, unsigned threads, const Tell& tell) {
  const Tree tree = make_tree(data_bytes / kBlockBytes);
  FileHasher file(fd);
  Watch watch{tell};
  // The disk has something to do meanwhile; commit() waits for it. Best effort.
  (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  for (std::size_t level = 0; level < tree.levels; ++level) {
    const Below under = below(tree, level);
    // Step 0 is the file's digest, which takes one thread as long as the tree takes all together.
    const std::uint64_t extra = level == 0 ? 1 : 0;
    const auto work = [&](std::uint64_t step) -> Status {
      if (step < extra) return file.add_until(data_bytes, [&] { return watch.is_wanted.load(); });
      const std::uint64_t parent = step - extra;
      const std::uint64_t count = under.count_under(parent);
      DigestBlock block;
      BERTH_TRY(read_digests(fd, tree, under.first + parent * kDigestsInBlock, count, block));
      watch.done += count * kBlockBytes;
      return write_fully_at(
          fd, std::as_bytes(std::span(block)), (tree.first.at(level) + parent) * kBlockBytes);
    };
    BERTH_TRY(for_each_in_parallel(
        threads, tree.blocks.at(level) + extra, work, [&] { return watch(); }));
  }
  const auto root = make_root(fd, tree);
  if (!root) return root.error();
  Block head{};
  const auto header = make_header(tree, *root);
  std::copy(header.begin(), header.end(), head.begin());
  BERTH_TRY(write_fully_at(fd, head, tree.data_blocks * kBlockBytes));
  BERTH_TRY(file.add_until(tree.end * kBlockBytes, [] { return true; }));
  return Sealed{*root, file.take(), tree.end * kBlockBytes};
}

namespace {

/// What is wrong, gathered from several threads.
class Damage {
 public:
  void add(std::uint64_t block) {
    const std::scoped_lock lock(mutex_);
    ++count_;
    blocks_.insert(block);
    // Those of the tree are few, and needed: what is below them is not judged.
    if (blocks_.size() > kMostKept) blocks_.erase(std::prev(blocks_.end()));
  }

  [[nodiscard]] bool has(std::uint64_t block) {
    const std::scoped_lock lock(mutex_);
    return blocks_.contains(block);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

  [[nodiscard]] std::vector<std::uint64_t> first() const {
    std::vector<std::uint64_t> out(blocks_.begin(), blocks_.end());
    if (out.size() > kReported) out.resize(kReported);
    return out;
  }

 private:
  static constexpr std::size_t kMostKept = 4096;

  std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::set<std::uint64_t> blocks_;
};

/// Compares the blocks under one block of the tree with their digests in it.
Status check_under(int fd, const Tree& tree, std::size_t level, std::uint64_t parent, Damage& out) {
  const std::uint64_t at = tree.first.at(level) + parent;
  if (out.has(at)) return Done{};
  const Below under = below(tree, level);
  const std::uint64_t first = under.first + parent * kDigestsInBlock;
  DigestBlock expected;
  DigestBlock found;
  BERTH_TRY(read_fully(fd, std::as_writable_bytes(std::span(expected)), at * kBlockBytes));
  BERTH_TRY(read_digests(fd, tree, first, under.count_under(parent), found));
  for (std::uint64_t i = 0; i < under.count_under(parent); ++i) {
    if (expected[i] != found[i]) out.add(first + i);
  }
  return Done{};
}

}  // namespace

Result<Checked> check_tree(int fd, const Tree& tree, unsigned threads, const Tell& tell) {
  Checked checked;
  const auto root = make_root(fd, tree);
  if (!root) return root.error();
  checked.root = *root;
  Watch watch{tell};
  Damage damage;
  for (std::size_t level = tree.levels; level-- > 0;) {
    const auto work = [&](std::uint64_t parent) -> Status {
      watch.done += below(tree, level).count_under(parent) * kBlockBytes;
      return check_under(fd, tree, level, parent, damage);
    };
    BERTH_TRY(for_each_in_parallel(threads, tree.blocks.at(level), work, [&] { return watch(); }));
  }
  checked.damaged_blocks = damage.count();
  checked.first_damaged = damage.first();
  return checked;
}

Result<Digest> digest_of_file(int fd, std::uint64_t bytes, const Tell& tell) {
  FileHasher file(fd);
  Watch watch{tell};
  const auto work = [&](std::uint64_t) {
    return file.add_until(bytes, [&] { return watch.is_wanted.load(); });
  };
  BERTH_TRY(for_each_in_parallel(1, 1, work, [&]() -> Status {
    watch.done = file.position();
    return watch();
  }));
  return file.take();
}

}  // namespace berth::integrity
