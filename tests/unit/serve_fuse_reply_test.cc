// SPDX-License-Identifier: Apache-2.0
#include "image/serve/fuse_reply.h"

#include <array>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace berth::serve {
namespace {

constexpr std::uint64_t kRoot = 0x12340020;

read::Inode make_file() {
  read::Inode inode;
  inode.reference = 0xffffffff1fff;
  inode.mode = S_IFREG | 04755;
  inode.mtime = 4000000000;
  inode.number = 77;
  inode.links = 3;
  inode.size = 5ULL << 30;
  inode.sparse = 5ULL << 29;
  return inode;
}

TEST(Node, IsAReferenceAndTheRootIsOne) {
  for (const std::uint64_t reference : {0ULL, 1ULL, 0xffffffffffffULL}) {
    const std::uint64_t node = node_of(reference, kRoot);
    EXPECT_GT(node, std::uint64_t{FUSE_ROOT_ID});
    EXPECT_EQ(reference_of(node, kRoot), reference);
  }
  EXPECT_EQ(node_of(kRoot, kRoot), std::uint64_t{FUSE_ROOT_ID});
  EXPECT_EQ(reference_of(FUSE_ROOT_ID, kRoot), kRoot);
}

TEST(Init, AsksForNothingThatTheKernelDoesNotKnow) {
  fuse_init_in from{};
  from.major = 7;
  from.minor = 23;
  from.max_readahead = 131072;
  from.flags = FUSE_ASYNC_READ | FUSE_WRITEBACK_CACHE;
  const fuse_init_out out = make_init(from);
  EXPECT_EQ(out.major, 7U);
  EXPECT_EQ(out.minor, 23U);
  EXPECT_EQ(out.flags, std::uint32_t{FUSE_ASYNC_READ});
  EXPECT_EQ(out.max_readahead, 131072U);
}

TEST(Init, AsksForTheSilenceOfOpen) {
  fuse_init_in from{};
  from.flags = ~0U;
  const std::uint32_t flags = make_init(from).flags;
  constexpr std::array<std::uint32_t, 5> kWanted{FUSE_NO_OPEN_SUPPORT,
                                                 FUSE_NO_OPENDIR_SUPPORT,
                                                 FUSE_CACHE_SYMLINKS,
                                                 FUSE_READDIRPLUS_AUTO,
                                                 FUSE_PARALLEL_DIROPS};
  for (const std::uint32_t wish : kWanted) {
    EXPECT_NE(flags & wish, 0U) << wish;
  }
}

TEST(Attributes, AreTheInodesAndTheOwnersAlone) {
  const fuse_attr attr = make_attributes(make_file(), {1000, 100});
  EXPECT_EQ(attr.ino, 77U);
  EXPECT_EQ(attr.mode, std::uint32_t{S_IFREG | 04755});
  EXPECT_EQ(attr.size, 5ULL << 30);
  EXPECT_EQ(attr.blocks, (5ULL << 29) / 512);
  EXPECT_EQ(attr.mtime, 4000000000U);
  EXPECT_EQ(attr.nlink, 3U);
  EXPECT_EQ(attr.uid, 1000U);
  EXPECT_EQ(attr.gid, 100U);
}

TEST(Entry, OfNothingIsRememberedToo) {
  EXPECT_EQ(make_negative_entry().nodeid, 0U);
  EXPECT_GT(make_negative_entry().entry_valid, 1ULL << 32);
}

TEST(EntryWriter, WritesAlignedEntriesAndStopsWhenFull) {
  std::array<std::byte, 100> room{};
  EntryWriter out(room);
  EXPECT_TRUE(out.add("abc", 5, S_IFDIR, 9));
  EXPECT_EQ(out.size(), 32U);
  EXPECT_TRUE(out.add("12345678", 6, S_IFREG, 10));
  EXPECT_EQ(out.size(), 64U);
  EXPECT_FALSE(out.add(std::string(20, 'x'), 7, S_IFREG, 11));
  EXPECT_EQ(out.size(), 64U);
  fuse_dirent first{};
  std::memcpy(&first, room.data(), FUSE_NAME_OFFSET);
  EXPECT_EQ(first.ino, 5U);
  EXPECT_EQ(first.off, 9U);
  EXPECT_EQ(first.namelen, 3U);
  EXPECT_EQ(first.type, 4U);  // DT_DIR
  EXPECT_EQ(std::memcmp(room.data() + FUSE_NAME_OFFSET, "abc\0\0\0\0\0", 8), 0);
}

TEST(EntryWriter, WritesWhatALookupWouldAnswer) {
  std::array<std::byte, 200> room{};
  EntryWriter out(room);
  const fuse_entry_out entry = make_entry(make_file(), kRoot, {1, 2});
  EXPECT_TRUE(out.add_plus("name", entry, S_IFREG, 12));
  EXPECT_EQ(out.size(), sizeof entry + 32);
  EXPECT_FALSE(out.add_plus("name", entry, S_IFREG, 12));
  EXPECT_EQ(out.size(), sizeof entry + 32);
  EXPECT_EQ(std::memcmp(room.data(), &entry, sizeof entry), 0);
}

}  // namespace
}  // namespace berth::serve
