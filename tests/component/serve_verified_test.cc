// SPDX-License-Identifier: Apache-2.0
// Images with a hash tree: whatever byte changes, what is read is what was there or an error.
#include "base/fd.h"
#include "image/integrity/seal.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::read {
namespace {

using Bytes = std::vector<std::byte>;

/// What a reader sees of an image: every path with all about it, and which could not be read.
struct Seen {
  bool is_refused = false;
  std::map<std::string, std::string> paths = {};
  std::map<std::string, bool> failed = {};  ///< directories whose listing ended with an error, too
};

class Look {
 public:
  explicit Look(Image& image) : reader_(image) {}

  Seen run() {
    visit(reader_.image().super.root, "");
    return std::move(seen_);
  }

 private:
  void visit(std::uint64_t reference, const std::string& path) {
    Inode inode;
    std::string content;
    if (read_inode(reader_, reference, inode) != 0 || !read_content(inode, content)) {
      seen_.failed[path] = true;
      return;
    }
    seen_.paths[path] = std::to_string(inode.mode) + " " + std::to_string(inode.mtime) + " " +
                        std::to_string(inode.size) + " " + content;
    if (!inode.is(S_IFDIR)) return;
    Listing listing(reader_, inode);
    DirectoryEntry entry;
    int error = 0;
    while ((error = listing.next(entry)) == 0)
      visit(entry.reference, path + "/" + std::string(entry.name()));
    if (error != ENOENT) seen_.failed[path] = true;
  }

  bool read_content(const Inode& inode, std::string& out) {
    if (inode.is(S_IFLNK)) return read_link(reader_, inode, out) == 0;
    if (!inode.is(S_IFREG)) return true;
    out.resize(inode.size);
    std::size_t got = 0;
    return read_file(reader_, inode, 0, std::as_writable_bytes(std::span(out)), got) == 0;
  }

  Reader reader_;
  Seen seen_;
};

/// Opens the file as the server does.
Seen look(int fd, std::vector<std::uint64_t>* reports = nullptr) {
  const auto size = static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_END));
  std::array<std::byte, kSuperblockBytes> head{};
  (void)integrity::read_at(fd, head, 0);
  if (!check_superblock(head.data(), size, "image")) return {.is_refused = true};
  const Superblock super = parse_superblock(head.data());
  integrity::Tree tree;
  if (integrity::find_tree(fd, super.bytes_used, size, tree) != integrity::Flaw::none)
    return {.is_refused = true};
  Image image(fd, super, 0, tree, [&](std::uint64_t block) {
    if (reports != nullptr) reports->push_back(block);
  });
  Reader reader(image);
  if (image.checked.is_on() && !reader.has_superblock()) return {.is_refused = true};
  return Look(image).run();
}

bool has_failed_ancestor(const Seen& seen, std::string path) {
  while (true) {
    if (seen.failed.contains(path)) return true;
    if (path.empty()) return false;
    path.resize(path.rfind('/'));
  }
}

/// Nothing that was not in `whole`, and nothing missing without an error.
bool is_true_to(const Seen& seen, const Seen& whole) {
  if (seen.is_refused) return true;
  for (const auto& [path, text] : seen.paths) {
    const auto found = whole.paths.find(path);
    if (found == whole.paths.end() || found->second != text) return false;
  }
  for (const auto& [path, text] : whole.paths)
    if (!seen.paths.contains(path) && !has_failed_ancestor(seen, path)) return false;
  return true;
}

/// Those of the fuzzer's seeds that are one for each compressor, of several blocks, with trees.
class SealedImages : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = testing::TempDir() + "berth-verified-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(pattern.data());
    const std::string script = std::string(BERTH_SOURCE_DIR) + "/tests/fuzz/squashfs_seeds.sh ";
    const std::string noise = folder / "noise";
    const std::string make_noise = "head -c 5000 /dev/urandom > " + noise + " && ";
    const std::string make_seeds = script + folder.string() + " " + noise + " > /dev/null";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    ASSERT_EQ(std::system((make_noise + make_seeds).c_str()), 0);
    for (const char* compressor : {"gzip", "lzma", "lzo", "xz", "lz4", "zstd"}) {
      std::ifstream file(folder / (std::string(compressor) + ".sqsh"), std::ios::binary);
      ASSERT_TRUE(file.is_open()) << compressor;
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
      ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
      const std::size_t whole = (text.size() + 4095) / 4096 * 4096;
      ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(whole)), 0);
      const auto go_on = [](std::uint64_t) -> Status { return Done{}; };
      ASSERT_TRUE(integrity::write_tree(fd.get(), whole, 1, go_on));
      images.push_back(std::move(fd));
    }
    std::filesystem::remove_all(folder);
  }

  static void TearDownTestSuite() { images.clear(); }

  static void flip(const UniqueFd& fd, off_t at) {
    std::byte byte{};
    ASSERT_EQ(::pread(fd.get(), &byte, 1, at), 1);
    byte ^= std::byte{0x41};
    ASSERT_EQ(::pwrite(fd.get(), &byte, 1, at), 1);
  }

  static off_t size_of(const UniqueFd& fd) { return ::lseek(fd.get(), 0, SEEK_END); }

  static inline std::vector<UniqueFd> images;
};

TEST_F(SealedImages, AreReadAsTheyAre) {
  ASSERT_EQ(images.size(), 6U);
  for (const UniqueFd& fd : images) {
    std::vector<std::uint64_t> reports;
    const Seen seen = look(fd.get(), &reports);
    EXPECT_EQ(seen.paths.size(), 14U);
    EXPECT_TRUE(seen.failed.empty());
    EXPECT_TRUE(reports.empty());
  }
}

TEST_F(SealedImages, WithAnyByteChangedGiveWhatWasThereOrAnError) {
  unsigned noticed = 0;
  unsigned flips = 0;
  for (const UniqueFd& fd : images) {
    const Seen whole = look(fd.get());
    const off_t size = size_of(fd);
    // Every byte of the superblock and of what the tree's header and digests say; else samples.
    const off_t tree = size - 8192;
    for (off_t at = 0; at < size;) {
      flip(fd, at);
      const Seen seen = look(fd.get());
      ASSERT_TRUE(is_true_to(seen, whole)) << at;
      noticed += seen.is_refused || !seen.failed.empty() ? 1 : 0;
      ++flips;
      flip(fd, at);
      const bool is_dense = at < 96 || (at >= tree && at % 4096 < 300);
      at += is_dense ? 1 : at >= tree ? 97 : 13;
    }
  }
  EXPECT_GT(noticed, flips / 3) << "only bytes that nobody needs may go unnoticed";
}

TEST_F(SealedImages, WithAWholeBlockChangedTellWhichBlock) {
  const UniqueFd& fd = images.front();
  for (off_t block = 1; block * 4096 < size_of(fd) - 8192; ++block) {
    flip(fd, block * 4096 + 2);
    std::vector<std::uint64_t> reports;
    const Seen seen = look(fd.get(), &reports);
    flip(fd, block * 4096 + 2);
    for (const std::uint64_t report : reports)
      EXPECT_EQ(report, static_cast<std::uint64_t>(block));
    EXPECT_EQ(reports.empty(), seen.failed.empty());
  }
}

TEST_F(SealedImages, CutAnywhereAreRefused) {
  for (const UniqueFd& fd : images) {
    const UniqueFd cut(::memfd_create("cut", MFD_CLOEXEC));
    const off_t size = size_of(fd);
    Bytes bytes(static_cast<std::size_t>(size));
    ASSERT_EQ(integrity::read_at(fd.get(), bytes, 0), bytes.size());
    ASSERT_EQ(::write(cut.get(), bytes.data(), bytes.size()), size);
    // Cut exactly where the SquashFS ends, it is a whole image without a tree.
    for (off_t less = 1; less < 8192; less += 97) {
      ASSERT_EQ(::ftruncate(cut.get(), size - less), 0);
      EXPECT_TRUE(less > 4096 || look(cut.get()).is_refused) << less;
    }
  }
}

TEST_F(SealedImages, RememberWhatTheyHaveChecked) {
  const UniqueFd& fd = images.front();
  std::array<std::byte, kSuperblockBytes> head{};
  ASSERT_EQ(integrity::read_at(fd.get(), head, 0), head.size());
  const Superblock super = parse_superblock(head.data());
  integrity::Tree tree;
  const auto size = static_cast<std::uint64_t>(size_of(fd));
  ASSERT_EQ(integrity::find_tree(fd.get(), super.bytes_used, size, tree), integrity::Flaw::none);
  CheckedBlocks checked(fd.get(), tree, {});
  Bytes block(4096);
  ASSERT_EQ(integrity::read_at(fd.get(), block, 4096), block.size());
  EXPECT_FALSE(checked.are_known(4096, 1));
  Bytes other = block;
  other.front() ^= std::byte{1};
  EXPECT_FALSE(checked.check(1, other));
  EXPECT_FALSE(checked.are_known(4096, 1)) << "a bad block is asked about again";
  EXPECT_TRUE(checked.check(1, block));
  EXPECT_TRUE(checked.are_known(4096, 4096));
  EXPECT_FALSE(checked.are_known(4095, 2));
  EXPECT_FALSE(checked.check(tree.data_blocks, block)) << "the tree is no data";
}

}  // namespace
}  // namespace berth::read
