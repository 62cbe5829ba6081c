// SPDX-License-Identifier: Apache-2.0
// The shape of hash trees, headers that lie, and files with a tree and without.
#include "image/integrity/hash_tree.h"

#include "base/fd.h"
#include "image/integrity/seal.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace berth::integrity {
namespace {

Status go_on(std::uint64_t /*done*/) {
  return Done{};
}

/// A file in memory of `blocks` blocks that differ from each other, with a tree behind them.
UniqueFd make_sealed(std::uint64_t blocks) {
  UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  std::vector<std::byte> bytes(blocks * kBlockBytes);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = std::byte(i * 7 + i / kBlockBytes);
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_TRUE(write_tree(fd.get(), bytes.size(), 2, go_on));
  return fd;
}

std::uint64_t size_of(const UniqueFd& fd) {
  return static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_END));
}

void flip(const UniqueFd& fd, std::uint64_t position) {
  std::byte byte{};
  ASSERT_EQ(::pread(fd.get(), &byte, 1, static_cast<off_t>(position)), 1);
  byte ^= std::byte{0x10};
  ASSERT_EQ(::pwrite(fd.get(), &byte, 1, static_cast<off_t>(position)), 1);
}

Flaw find(const UniqueFd& fd, std::uint64_t blocks, Tree& tree) {
  return find_tree(fd.get(), blocks * kBlockBytes - 100, size_of(fd), tree);
}

TEST(HashTree, HasALevelForEveryFactorOf128) {
  EXPECT_EQ(make_tree(1).levels, 0U);
  EXPECT_EQ(make_tree(2).levels, 1U);
  EXPECT_EQ(make_tree(128).levels, 1U);
  EXPECT_EQ(make_tree(129).levels, 2U);
  EXPECT_EQ(make_tree(16384).levels, 2U);
  EXPECT_EQ(make_tree(16385).levels, 3U);
  EXPECT_EQ(make_tree(std::uint64_t{1} << 51).levels, kMostLevels);
}

TEST(HashTree, LiesBehindTheDataWithItsLastLevelFirst) {
  const Tree tree = make_tree(130);
  EXPECT_EQ(tree.first[1], 131U);
  EXPECT_EQ(tree.first[0], 132U);
  EXPECT_EQ(tree.blocks[0], 2U);
  EXPECT_EQ(tree.end, 134U);
}

TEST(HashTree, IsFoundWhereTheImageEnds) {
  for (const std::uint64_t blocks : {1U, 2U, 128U, 129U, 300U}) {
    const UniqueFd fd = make_sealed(blocks);
    Tree tree;
    EXPECT_EQ(find(fd, blocks, tree), Flaw::none);
    EXPECT_EQ(tree.data_blocks, blocks);
    EXPECT_EQ(tree.end * kBlockBytes, size_of(fd));
  }
}

TEST(HashTree, IsAbsentFromPlainAndPaddedImages) {
  const UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  for (const off_t size : {8192, 12288, 16384, 1 << 20, (1 << 20) + 5}) {
    ASSERT_EQ(::ftruncate(fd.get(), size), 0);
    Tree tree;
    EXPECT_EQ(find(fd, 2, tree), Flaw::none) << size;
    EXPECT_EQ(tree.data_blocks, 0U);
  }
}

TEST(HashTree, IsMissedWhenItsHeaderIsDamaged) {
  for (const unsigned at : {0U, 5U, 7U}) {
    const UniqueFd fd = make_sealed(5);
    flip(fd, 5 * kBlockBytes + at);
    Tree tree;
    EXPECT_EQ(find(fd, 5, tree), Flaw::no_header) << at;
  }
}

TEST(HashTree, IsMissedWhenTheImageSaysThatItEndsElsewhere) {
  const UniqueFd fd = make_sealed(300);
  Tree tree;
  for (const std::uint64_t blocks : {1U, 200U, 299U, 301U, 302U}) {
    EXPECT_EQ(find(fd, blocks, tree), Flaw::no_header) << blocks;
    EXPECT_EQ(tree.data_blocks, 0U);
  }
}

TEST(HashTree, ThatIsCutOffIsTruncated) {
  const UniqueFd fd = make_sealed(300);
  const std::uint64_t whole = size_of(fd);
  Tree tree;
  for (std::uint64_t size = 301 * kBlockBytes; size < whole; size += 1000) {
    ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
    EXPECT_EQ(find(fd, 300, tree), Flaw::truncated) << size;
  }
}

/// A sound header for five blocks with `count` bytes of 0xff at `at`.
Flaw parse_with_ff(std::size_t at, std::size_t count) {
  auto bytes = make_header(make_tree(5), {});
  std::memset(bytes.data() + at, 0xff, count);
  Tree tree;
  return parse_header(bytes, 5, tree);
}

TEST(HashTree, RefusesEveryNumberThatItCannotHave) {
  EXPECT_EQ(parse_with_ff(0, 1), Flaw::no_header);
  EXPECT_EQ(parse_with_ff(8, 4), Flaw::version);
  EXPECT_EQ(parse_with_ff(12, 4), Flaw::version);
  EXPECT_EQ(parse_with_ff(16, 16), Flaw::none) << "any UUID will do";
  EXPECT_EQ(parse_with_ff(32, 1), Flaw::algorithm);
  EXPECT_EQ(parse_with_ff(38, 1), Flaw::algorithm) << "sha256 and something";
  EXPECT_EQ(parse_with_ff(64, 4), Flaw::algorithm);
  EXPECT_EQ(parse_with_ff(68, 4), Flaw::algorithm);
  EXPECT_EQ(parse_with_ff(72, 8), Flaw::extent);
  EXPECT_EQ(parse_with_ff(80, 2), Flaw::salt);
  EXPECT_EQ(parse_with_ff(81, 1), Flaw::salt);
}

TEST(CheckTree, NamesEveryDamagedBlock) {
  for (const std::uint64_t blocks : {1U, 2U, 129U, 300U}) {
    const UniqueFd fd = make_sealed(blocks);
    Tree tree;
    ASSERT_EQ(find(fd, blocks, tree), Flaw::none);
    const auto sound = check_tree(fd.get(), tree, 2, go_on);
    ASSERT_TRUE(sound);
    EXPECT_EQ(sound->damaged_blocks, 0U);
    const std::uint64_t victim = blocks / 2;
    flip(fd, victim * kBlockBytes + 4095);
    const auto damaged = check_tree(fd.get(), tree, 2, go_on);
    ASSERT_TRUE(damaged);
    if (blocks == 1) {
      EXPECT_NE(damaged->root, sound->root) << "one block is its own tree";
    } else {
      EXPECT_EQ(damaged->first_damaged, std::vector{victim});
    }
  }
}

TEST(CheckTree, DoesNotJudgeWhatIsBelowADamagedBlockOfTheTree) {
  const UniqueFd fd = make_sealed(300);
  Tree tree;
  ASSERT_EQ(find(fd, 300, tree), Flaw::none);
  const std::uint64_t victim = tree.first[0] + 1;
  flip(fd, victim * kBlockBytes);
  flip(fd, 140 * kBlockBytes);
  flip(fd, 7 * kBlockBytes);
  const auto damaged = check_tree(fd.get(), tree, 2, go_on);
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->first_damaged, (std::vector<std::uint64_t>{7, victim}));
}

TEST(CheckTree, EndsWithTheErrorOfItsWatcher) {
  const UniqueFd fd = make_sealed(1);
  const Error stop{Blame::host, "go on"};
  // Long enough that the watcher is asked.
  ASSERT_EQ(::ftruncate(fd.get(), std::int64_t{1} << 30), 0);
  const auto outcome =
      digest_of_file(fd.get(), 1 << 30, [&](std::uint64_t) -> Status { return stop; });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().goal, "go on");
}

}  // namespace
}  // namespace berth::integrity
