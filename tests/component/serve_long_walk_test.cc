// SPDX-License-Identifier: Apache-2.0
// Lists and listings that a small image makes endless. How long a walk may take is mostly set to
// nothing here, so that each ends where it first looks: little depends on how fast we are.
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "tests/component/forge.h"
#include "tests/component/opened.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace berth::read {
namespace {

constexpr std::uint32_t kSizesInBlock = kMetadataBytes / 4;

/// A file of zeros that are not stored, whose list of blocks fills so many metadata blocks.
Bytes make_sparse(std::uint32_t metadata_blocks) {
  Forge forge;
  const Bytes zeros = metadata_block(repeated(std::byte{0}, kMetadataBytes), true);
  for (std::uint32_t i = 0; i < metadata_blocks; ++i)
    forge.more_inodes.insert(forge.more_inodes.end(), zeros.begin(), zeros.end());
  const std::uint64_t size = std::uint64_t{metadata_blocks} * kSizesInBlock * 4096;
  return forge.finish(forge.add_file({.size = size}));
}

/// Tries to read one byte until that is no error. How often it was one; at most `most` times.
unsigned count_errors(Opened& opened, std::uint64_t offset, unsigned most) {
  unsigned errors = 0;
  std::byte byte{0xff};
  std::size_t got = 0;
  while (errors < most && read_file(*opened.reader, opened.root, offset, {&byte, 1}, got) == EIO)
    ++errors;
  EXPECT_TRUE(errors == most || (got == 1 && byte == std::byte{0}));
  return errors;
}

TEST(LongWalk, ThatIsShortEnoughIsNoError) {
  Opened opened(make_sparse(300));
  EXPECT_EQ(count_errors(opened, opened.root.size - 1, 1), 0U);
}

TEST(LongWalk, AlongTheBlocksOfAFileEndsAndGoesOnWithTheNextTry) {
  Opened opened(make_sparse(40));
  opened.image->longest_walk = std::chrono::nanoseconds(0);
  const unsigned errors = count_errors(opened, opened.root.size - 1, 100);
  EXPECT_GT(errors, 30U) << "each try ends in another metadata block";
  EXPECT_LT(errors, 100U) << "and none begins where the one before did";
  EXPECT_EQ(count_errors(opened, opened.root.size - 1, 1), 0U);
  EXPECT_LE(count_errors(opened, opened.root.size / 2, 2), 1U) << "what was passed has marks";
  EXPECT_EQ(count_errors(opened, 0, 1), 0U);
}

TEST(LongWalk, ToBlocksBeforeThoseThatWereReachedGoesOnToo) {
  Opened opened(make_sparse(20));
  EXPECT_EQ(count_errors(opened, opened.root.size - 1, 1), 0U);
  opened.image->longest_walk = std::chrono::nanoseconds(0);
  for (std::uint64_t part = 1; part < 20; ++part)
    EXPECT_LT(count_errors(opened, opened.root.size / 20 * part, 10), 10U) << part;
}

TEST(LongWalk, OfTwoFilesAtOnceGoOnBoth) {
  Forge forge;
  const ForgedFile file{.size = std::uint64_t{10} * kSizesInBlock * 4096,
                        .blocks = std::vector<std::uint32_t>(10UL * kSizesInBlock)};
  const std::uint64_t first = forge.add_file(file);
  Opened opened(forge.finish(forge.add_file(file)));
  opened.image->longest_walk = std::chrono::nanoseconds(0);
  Inode other;
  ASSERT_EQ(read_inode(*opened.reader, first, other), 0);
  unsigned tries = 0;
  int errors = 1;
  for (; errors != 0 && tries < 50; ++tries) {
    BlockAt block;
    errors = find_block(*opened.reader, other, other.block_count - 1, block) +
             find_block(*opened.reader, opened.root, opened.root.block_count - 1, block);
  }
  EXPECT_EQ(errors, 0);
  EXPECT_GT(tries, 5U);
}

TEST(LongWalk, OfFourThreadsInOneFileGoOn) {
  Opened opened(make_sparse(40));
  opened.image->longest_walk = std::chrono::nanoseconds(0);
  std::vector<std::thread> threads;
  std::atomic<unsigned> arrived = 0;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Reader reader(*opened.image);
      BlockAt block;
      for (unsigned tries = 0; tries < 1000; ++tries) {
        if (find_block(reader, opened.root, opened.root.block_count - 1 - i * 9999, block) != 0)
          continue;
        ++arrived;
        return;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(arrived, 4U);
}

/// Many seconds on any machine where nothing ends it. Only the thread's own work counts.
TEST(LongWalk, AlongABillionBlocksEndsInTime) {
  Opened opened(make_sparse(500000));
  timespec before{};
  timespec after{};
  BlockAt block;
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  (void)find_block(*opened.reader, opened.root, opened.root.block_count - 1, block);
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  const auto most = std::chrono::floor<std::chrono::seconds>(opened.image->longest_walk);
  EXPECT_LE(after.tv_sec - before.tv_sec, most.count() + 1);
}

/// A directory of so many metadata blocks, each full of entries of one and the same name.
Bytes make_crowd(unsigned metadata_blocks) {
  constexpr std::size_t kInBlock = kMetadataBytes / 32;
  Forge crowd;
  const std::vector<ForgedEntry> entries(kInBlock * metadata_blocks,
                                         {.name = std::string(12, 'm')});
  return crowd.finish(crowd.add_directory(entries));
}

TEST(LongWalk, AlongAListingEnds) {
  Opened opened(make_crowd(5));
  DirectoryEntry entry;
  const std::uint32_t end = 5 * kMetadataBytes - 32;
  EXPECT_EQ(find_entry(*opened.reader, opened.root, "mz", entry), ENOENT);
  EXPECT_EQ(Listing(*opened.reader, opened.root).seek(end), 0);
  opened.image->longest_walk = std::chrono::nanoseconds(0);
  EXPECT_EQ(find_entry(*opened.reader, opened.root, "mz", entry), EIO);
  EXPECT_EQ(Listing(*opened.reader, opened.root).seek(end), EIO);
  EXPECT_EQ(find_entry(*opened.reader, opened.root, std::string(12, 'm'), entry), 0);
}

TEST(LongWalk, IsNotWhatListsADirectoryToItsEnd) {
  Opened opened(make_crowd(5));
  opened.image->longest_walk = std::chrono::nanoseconds(0);
  Listing listing(*opened.reader, opened.root);
  DirectoryEntry entry;
  unsigned entries = 0;
  while (listing.next(entry) == 0)
    ++entries;
  EXPECT_EQ(entries, 5 * kMetadataBytes / 32);
}

}  // namespace
}  // namespace berth::read
