// SPDX-License-Identifier: Apache-2.0
// What the writer writes, read again with image/read; on any number of threads the same bytes; and
// what happens when the disk is full.
#include "base/fd.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/read/reader.h"
#include "image/squash/writer.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::squash {
namespace {

using Packing = Writer::Packing;

constexpr std::size_t kBlock = 16UL * 1024;

struct File {
  std::string content;
  Packing packing = Packing::shared;
};

/// Bytes that compress a little, and differ with `seed`.
std::string make_text(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  std::uint32_t state = seed * 2654435761U + 1;
  for (char& c : text) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>('a' + (state >> 27U) % 20);
  }
  return text;
}

/// Every case that the writer tells apart, and enough of them to keep threads busy.
std::vector<File> make_files() {
  const std::string large = make_text(5 * kBlock + 77, 1);
  const std::string hole(3 * kBlock + 9, '\0');
  std::vector<File> files = {{""},
                             {"x"},
                             {make_text(kBlock, 2)},
                             {make_text(kBlock - 1, 3)},
                             {make_text(2 * kBlock, 4)},
                             {large},
                             {large, Packing::own_block},
                             {large, Packing::plain},
                             {hole},
                             {hole + "end"},
                             {make_text(kBlock, 5) + hole + make_text(100, 6) + hole},
                             {std::string(300, '\0'), Packing::own_block},
                             {std::string(500, '\0')},
                             {"", Packing::plain},
                             {"x", Packing::own_block},
                             {"x", Packing::plain}};
  for (unsigned i = 0; i < 400; ++i)
    files.push_back({make_text(std::size_t{37} * i % 3000, i % 150), Packing::shared});
  for (unsigned i = 0; i < 60; ++i)
    files.push_back({make_text(kBlock + std::size_t{999} * i, i % 40), Packing::own_block});
  return files;
}

UniqueFd make_file() {
  return UniqueFd(::memfd_create("image", MFD_CLOEXEC));
}

/// Writes the files, named by their numbers, in pieces of `piece` bytes.
Status write_image(int fd, const std::vector<File>& files, unsigned threads, std::size_t piece) {
  Options options;
  options.block_size = static_cast<unsigned>(kBlock);
  options.threads = threads;
  auto writer = Writer::create(fd, options);
  if (!writer) return std::move(writer.error());
  Tree tree;
  tree.inodes.resize(1);
  for (std::size_t i = 0; i < files.size(); ++i) {
    Inode inode;
    inode.kind = Kind::file;
    inode.content = writer->begin_file(files[i].packing);
    const std::string_view content = files[i].content;
    for (std::size_t at = 0; at < content.size(); at += piece)
      BERTH_TRY(writer->append(content.substr(at, piece)));
    BERTH_TRY(writer->end_file());
    tree.inodes.push_back(inode);
    const std::string number = std::to_string(10000 + i);
    tree.inodes[0].names.push_back({number, static_cast<unsigned>(i + 1)});
  }
  return writer->finish(tree);
}

std::string bytes_of(int fd) {
  std::string bytes(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)), '\0');
  EXPECT_EQ(::pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

/// An image with the writer's files, open.
class Written {
 public:
  explicit Written(const std::vector<File>& files) : fd_(make_file()) {
    const Status written = write_image(fd_.get(), files, 3, 5000);
    EXPECT_TRUE(written) << sentence_of(written.error());
    const auto super = read::read_superblock(fd_.get(), "image");
    EXPECT_TRUE(super) << sentence_of(super.error());
    image_ = std::make_unique<read::Image>(fd_.get(), *super);
    reader_ = std::make_unique<read::Reader>(*image_);
  }

  read::Inode inode(std::size_t number) {
    read::Inode inode;
    EXPECT_EQ(read::find_path(*reader_, std::to_string(10000 + number), inode), 0) << number;
    return inode;
  }

  std::string content(std::size_t number) {
    const read::Inode file = inode(number);
    std::string bytes(file.size, '\0');
    std::size_t got = 0;
    EXPECT_EQ(read::read_file(*reader_, file, 0, std::as_writable_bytes(std::span(bytes)), got), 0)
        << number;
    EXPECT_EQ(got, bytes.size());
    return bytes;
  }

  [[nodiscard]] std::size_t size() const { return bytes_of(fd_.get()).size(); }

 private:
  UniqueFd fd_;
  std::unique_ptr<read::Image> image_;
  std::unique_ptr<read::Reader> reader_;
};

TEST(SquashWriter, GivesEachFileItsBytesBack) {
  const auto files = make_files();
  Written image(files);
  for (std::size_t i = 0; i < files.size(); ++i)
    EXPECT_TRUE(image.content(i) == files[i].content) << i;
}

TEST(SquashWriter, WritesTheSameBytesOnAnyNumberOfThreadsAndInAnyPieces) {
  const auto files = make_files();
  const UniqueFd first = make_file();
  ASSERT_TRUE(write_image(first.get(), files, 1, 1U << 20U));
  for (const unsigned threads : {2U, 3U, 8U, 40U}) {
    const UniqueFd again = make_file();
    ASSERT_TRUE(write_image(again.get(), files, threads, 1 + std::size_t{1777} * threads));
    EXPECT_TRUE(bytes_of(first.get()) == bytes_of(again.get())) << threads << " threads";
  }
}

TEST(SquashWriter, KeepsFilesOfTheSameBytesOnce) {
  const std::string large = make_text(9 * kBlock + 5, 1);
  const std::string small = make_text(700, 2);
  Written image({{large}, {small}, {make_text(800, 3)}, {large}, {small}, {large}});
  EXPECT_EQ(image.inode(3).blocks_start, image.inode(0).blocks_start);
  EXPECT_EQ(image.inode(5).blocks_start, image.inode(0).blocks_start);
  EXPECT_EQ(image.inode(4).fragment, image.inode(1).fragment);
  EXPECT_EQ(image.inode(4).fragment_offset, image.inode(1).fragment_offset);
  const Written once({{large}, {small}, {make_text(800, 3)}});
  EXPECT_EQ(image.size(), once.size());
  EXPECT_EQ(image.content(5), large);
  EXPECT_EQ(image.content(4), small);
}

TEST(SquashWriter, DoesNotTakeTheBeginningOfAFileForTheWholeOfIt) {
  const std::string text = make_text(3 * kBlock, 7);
  const std::vector<File> files = {{text},
                                   {text.substr(0, 2 * kBlock)},
                                   {text.substr(kBlock)},
                                   {text + "x"},
                                   {text.substr(0, 100)},
                                   {text.substr(0, 101)}};
  Written image(files);
  for (std::size_t i = 0; i < files.size(); ++i)
    EXPECT_TRUE(image.content(i) == files[i].content) << i;
}

TEST(SquashWriter, StoresNoBlocksOfZeros) {
  Written image({{std::string(100 * kBlock, '\0')}, {std::string(50 * kBlock + 1, '\0') + "x"}});
  EXPECT_LT(image.size(), 3U * 4096);
  EXPECT_EQ(image.inode(0).sparse, 100U * kBlock);
  EXPECT_EQ(image.inode(1).sparse, 50U * kBlock);
}

TEST(SquashWriter, LeavesPlainFilesUncompressed) {
  const std::string text(kBlock + 1000, 'x');
  Written image({{text, Packing::plain}});
  EXPECT_GT(image.size(), text.size());
}

/// Of the metadata blocks between two tables: 'c' for each that is compressed, else 's'.
std::string blocks_between(std::string_view bytes, std::uint64_t begin, std::uint64_t end) {
  std::string kinds;
  while (begin < end) {
    const unsigned head = static_cast<unsigned char>(bytes[begin]) |
                          static_cast<unsigned>(static_cast<unsigned char>(bytes[begin + 1])) << 8U;
    kinds += (head & 0x8000U) != 0 ? 's' : 'c';
    begin += 2 + (head & 0x7fffU);
  }
  return kinds;
}

TEST(SquashWriter, LeavesUncompressedWhatIsSaidOfWhatIsReadFirst) {
  // 3000 symlinks are a dozen blocks of inodes and as many of names.
  constexpr unsigned kLinks = 3000;
  const UniqueFd fd = make_file();
  Tree tree;
  tree.inodes.resize(1 + kLinks);
  for (unsigned i = 1; i <= kLinks; ++i) {
    tree.inodes[i].kind = Kind::symlink;
    tree.inodes[i].target = "target-" + std::to_string(i);
    tree.inodes[0].names.push_back({"name-" + std::to_string(100000 + i), i});
  }
  tree.inodes[1500].is_first_read = true;
  for (const bool is_listing_read_first : {false, true}) {
    tree.inodes[0].is_first_read = is_listing_read_first;
    ASSERT_EQ(::ftruncate(fd.get(), 0), 0);
    auto writer = Writer::create(fd.get(), {});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->finish(tree));
    const auto super = read::read_superblock(fd.get(), "image");
    ASSERT_TRUE(super);
    const std::string bytes = bytes_of(fd.get());
    const std::string inodes = blocks_between(bytes, super->inode_table, super->directory_table);
    EXPECT_EQ(std::count(inodes.begin(), inodes.end(), 's'), is_listing_read_first ? 2 : 1);
    EXPECT_EQ(inodes.front(), 'c');
    EXPECT_EQ(inodes.back(), is_listing_read_first ? 's' : 'c');  // the root's inode is the last
    // Behind it lies the only block of the ids, whose place is the first entry of their table.
    std::uint64_t ids = 0;
    std::memcpy(&ids, bytes.data() + super->id_table, sizeof ids);
    const std::string listing = blocks_between(bytes, super->directory_table, ids);
    EXPECT_GT(listing.size(), 3U);
    EXPECT_EQ(listing, std::string(listing.size(), is_listing_read_first ? 's' : 'c'));
  }
}

TEST(SquashWriter, SaysWhenTheDiskIsFullWhereverThatIs) {
  // A limit on the size of a file is a disk that is full just there.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  std::vector<File> files;
  for (unsigned i = 0; i < 700; ++i)
    files.push_back({make_text(3 * kBlock, i), Packing::own_block});
  const UniqueFd whole = make_file();
  ASSERT_TRUE(write_image(whole.get(), files, 2, kBlock));
  const std::size_t size = bytes_of(whole.get()).size();
  ASSERT_GT(size, 16U << 20U);
  for (const std::size_t room : {std::size_t{1}, size / 2, size - 5000, size - 1}) {
    const UniqueFd fd = make_file();
    const rlimit limit{room, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    const Status outcome = write_image(fd.get(), files, 2, kBlock);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(outcome) << room;
    EXPECT_EQ(outcome.error().goal, "write the image");
    ASSERT_TRUE(outcome.error().refusal);
    EXPECT_EQ(outcome.error().refusal->number, EFBIG);
  }
  (void)std::signal(SIGXFSZ, old_handler);
}

TEST(SquashWriter, MayBeLeftInTheMiddle) {
  const UniqueFd fd = make_file();
  Options options;
  options.block_size = static_cast<unsigned>(kBlock);
  options.threads = 4;
  auto writer = Writer::create(fd.get(), options);
  ASSERT_TRUE(writer);
  writer->begin_file(Packing::own_block);
  for (unsigned i = 0; i < 100; ++i)
    ASSERT_TRUE(writer->append(make_text(kBlock, i)));
}

}  // namespace
}  // namespace berth::squash
