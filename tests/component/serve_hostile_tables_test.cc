// SPDX-License-Identifier: Apache-2.0
// Attributes, indexes of directories and compressed blocks that nobody's tool writes; the others
// are in serve_hostile_test.cc. None may cost more than a little time and memory.
#include "image/read/attributes.h"
#include "image/read/directory.h"
#include "tests/component/forge.h"
#include "tests/component/image_look.h"
#include "tests/component/opened.h"
#include "tests/component/pack.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::read {
namespace {

constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::size_t kXattrTableAt = 56;
constexpr std::uint16_t kElsewhere = 0x100;

void append_text(Bytes& bytes, const std::string& text) {
  for (const char letter : text)
    bytes.push_back(std::byte(letter));
}

/// A name behind the prefix of that type, and a value, whose sizes are stored as they are said.
void append_xattr(Bytes& table,
                  std::uint16_t type,
                  const std::string& name,
                  const std::string& value,
                  std::uint32_t longer = 0) {
  append(table, type);
  append(table, static_cast<std::uint16_t>(name.size()));
  append_text(table, name);
  append(table, static_cast<std::uint32_t>(value.size() + longer));
  append_text(table, value);
}

void append_set(Bytes& table, std::uint64_t reference, std::uint32_t count) {
  append(table, reference);
  append(table, count);
  append(table, std::uint32_t{0});  // how large it is, for those who want to know beforehand
}

/// An image of a file that has the set of attributes of that number.
Bytes with_xattrs(Forge forge, std::uint32_t set = 0) {
  return forge.finish(forge.add_file({.xattrs = set}));
}

/// What reading the attributes of the file answers. Nothing of an image may make a reader do worse.
int read_all(const Bytes& image) {
  EXPECT_EQ(look_at(image).complaints, std::vector<std::string>{});
  Opened opened(image);
  std::vector<Xattr> xattrs;
  return read_xattrs(*opened.reader, opened.root, xattrs);
}

/// ... where `xattrs` is the table and its only set has `count`.
int read_forged(const Bytes& xattrs, std::uint32_t count = 1, std::uint64_t reference = 0) {
  Forge forge;
  forge.xattrs = xattrs;
  append_set(forge.xattr_sets, reference, count);
  return read_all(with_xattrs(forge));
}

/// Two attributes, and a value that lies elsewhere: that of the first.
Forge make_xattrs() {
  Forge forge;
  append_xattr(forge.xattrs, 0, "color", "green");
  append_xattr(forge.xattrs, 1, "t", "");
  append(forge.xattrs, std::uint16_t{kElsewhere | 2});
  append(forge.xattrs, std::uint16_t{1});
  append_text(forge.xattrs, "s");
  append(forge.xattrs, std::uint32_t{8});
  append(forge.xattrs, std::uint64_t{4 + 5});
  append_set(forge.xattr_sets, 0, 3);
  return forge;
}

TEST(HostileXattrs, TheSoundOnesThatOthersComeFromAreRead) {
  Opened opened(with_xattrs(make_xattrs()));
  std::vector<Xattr> xattrs;
  ASSERT_EQ(read_xattrs(*opened.reader, opened.root, xattrs), 0);
  EXPECT_EQ(
      xattrs,
      (std::vector<Xattr>{{"user.color", "green"}, {"trusted.t", ""}, {"security.s", "green"}}));
}

TEST(HostileXattrs, SetsThatAreNotThere) {
  for (const std::uint32_t set : {1U, 511U, 512U, 0x7fffffffU, 0xfffffffeU})
    EXPECT_EQ(read_all(with_xattrs(make_xattrs(), set)), EIO) << set;
}

TEST(HostileXattrs, HeadsAtTheirExtremes) {
  const Bytes sound = with_xattrs(make_xattrs());
  const auto table = number_at<std::uint64_t>(sound.data() + kXattrTableAt);
  // Where the attributes begin, how many sets there are, and where their first block lies.
  for (const std::size_t at : {table, table + 8, table + 16}) {
    for (const std::uint64_t value : {std::uint64_t{0},
                                      table,
                                      table - 1,
                                      std::uint64_t{sound.size()},
                                      kHalf - 1,
                                      kHalf,
                                      kAll - 1,
                                      kAll}) {
      Bytes image = sound;
      patch(image, at, value);
      const bool is_more_sets = at == table + 8 && static_cast<std::uint32_t>(value) > 0;
      EXPECT_EQ(read_all(image), is_more_sets ? 0 : EIO) << at - table << " " << value;
    }
  }
  // More sets than are there, and one of those.
  Bytes image = with_xattrs(make_xattrs(), 0xfffffff0);
  patch(image, number_at<std::uint64_t>(image.data() + kXattrTableAt) + 8, ~std::uint32_t{0});
  EXPECT_EQ(read_all(image), EIO);
}

TEST(HostileXattrs, MoreOfThemThanAnyFileHas) {
  Bytes table;
  for (unsigned i = 0; i < 1001; ++i)
    append_xattr(table, 0, "n" + std::to_string(i), "v");
  EXPECT_EQ(read_forged(table, 1000), 0);
  EXPECT_EQ(read_forged(table, 1001), EIO);
  EXPECT_EQ(read_forged(table, 0xffffffff), EIO);
  EXPECT_EQ(read_forged(table, 1, std::uint64_t{1} << 32), EIO);
  EXPECT_EQ(read_forged(table, 1, kAll), EIO);
  EXPECT_EQ(read_forged(table, 0, kAll), 0) << "nothing of it is wanted";
}

TEST(HostileXattrs, NamesAndValuesThatAreNone) {
  const auto one = [](std::uint16_t type, std::size_t name, std::size_t value, unsigned longer) {
    Bytes table;
    append_xattr(table, type, std::string(name, 'n'), std::string(value, 'v'), longer);
    return read_forged(table);
  };
  EXPECT_EQ(one(0, 255, 65536, 0), 0);
  EXPECT_EQ(one(0, 255, 65537, 0), EIO);
  EXPECT_EQ(one(0, 1, 1, 1000), EIO) << "the image ends";
  EXPECT_EQ(one(0, 1, 1, 0xfffffffe), EIO);
  for (const std::size_t size : {0U, 256U, 65535U})
    EXPECT_EQ(one(0, size, 1, 0), EIO) << size;
  for (const unsigned type : {3U, 255U, 0xffffU, kElsewhere | 3U})
    EXPECT_EQ(one(static_cast<std::uint16_t>(type), 1, 8, 0), EIO) << type;
}

TEST(HostileXattrs, ValuesElsewhere) {
  const auto at = [](std::uint64_t reference, std::uint32_t size) {
    Bytes table;
    append(table, kElsewhere);
    append(table, std::uint16_t{1});
    append_text(table, "n");
    append(table, size);
    append(table, reference);
    return read_forged(table);
  };
  EXPECT_EQ(at(5, 8), 0) << "the value is where it lies itself";
  for (const std::uint32_t size : {0U, 7U, 9U, 0xffffffffU})
    EXPECT_EQ(at(5, size), EIO) << size;
  for (const std::uint64_t reference : {std::uint64_t{8191}, std::uint64_t{65535}, kHalf, kAll})
    EXPECT_EQ(at(reference, 8), EIO) << reference;
}

/// Names "name0" ... each behind a header, and an index of those.
constexpr std::uint32_t kEach = 12 + 8 + 5;

struct IndexEntry {
  std::uint32_t position = 0;
  std::uint32_t block = 0;
  std::string name = "name1";
  std::uint32_t longer = 0;
};

Bytes with_index(const std::vector<IndexEntry>& index, std::size_t says = 0) {
  Forge forge;
  const auto inode = forge.add_link(1, "x");
  std::vector<ForgedEntry> names;
  for (unsigned i = 0; i < 4; ++i)
    names.push_back({.name = "name" + std::to_string(i), .inode = inode, .type = 3});
  (void)forge.add_directory(names);
  const auto root = forge.add_directory_at(0, 4 * kEach, std::max(says, index.size()));
  for (const IndexEntry& entry : index)
    append_index(forge.inodes, entry.position, entry.block, entry.name, entry.longer);
  return forge.finish(root);
}

/// What looking for a name answers.
int find_in(const Bytes& image, const std::string& name) {
  EXPECT_EQ(look_at(image).complaints, std::vector<std::string>{});
  Opened opened(image);
  DirectoryEntry entry;
  return find_entry(*opened.reader, opened.root, name, entry);
}

TEST(HostileIndex, TheSoundOneThatOthersComeFromIsFollowed) {
  const Bytes image = with_index({{kEach}, {2 * kEach, 0, "name2"}});
  for (const std::string name : {"name0", "name1", "name2", "name3"})
    EXPECT_EQ(find_in(image, name), 0) << name;
  EXPECT_EQ(find_in(image, "name4"), ENOENT);
  EXPECT_EQ(look_at(image).errors, 0U);
}

TEST(HostileIndex, PositionsOutsideTheListing) {
  for (const std::uint32_t position : {4 * kEach, 4 * kEach + 1, 8192U, 0x7fffffffU, 0xffffffffU}) {
    EXPECT_EQ(find_in(with_index({{position}}), "name3"), EIO) << position;
    EXPECT_EQ(find_in(with_index({{position, 0, "name4"}}), "name3"), EIO) << position;
  }
}

TEST(HostileIndex, PositionsWhereNoHeaderIs) {
  for (const std::uint32_t position : {1U, kEach - 1, kEach + 1, 4 * kEach - 12, 4 * kEach - 1}) {
    const Bytes image = with_index({{position}});
    EXPECT_NE(find_in(image, "name3"), 0) << position;
    EXPECT_EQ(find_in(image, "name0"), 0) << "is before all that the index has";
  }
  // Past a name, and back.
  EXPECT_EQ(find_in(with_index({{3 * kEach}}), "name1"), ENOENT);
  EXPECT_EQ(find_in(with_index({{3 * kEach}, {0}}), "name3"), 0);
}

TEST(HostileIndex, BlocksThatAreNone) {
  for (const std::uint32_t block : {1U, 2U, 8192U, 0x7fffffffU, 0xffffffffU})
    EXPECT_NE(find_in(with_index({{kEach, block}}), "name3"), 0) << block;
}

TEST(HostileIndex, NamesThatAreNone) {
  EXPECT_EQ(find_in(with_index({{kEach, 0, std::string(256, 'a')}}), "name3"), 0);
  EXPECT_EQ(find_in(with_index({{kEach, 0, std::string(257, 'a')}}), "name3"), EIO);
  EXPECT_EQ(find_in(with_index({{kEach, 0, ""}}), "name3"), EIO) << "its size says 4294967295";
  for (const std::uint32_t longer : {1U, 0x7fffffffU, 0xfffffff0U})
    EXPECT_EQ(find_in(with_index({{kEach, 0, "name1", longer}}), "name3"), EIO) << longer;
}

TEST(HostileIndex, MoreEntriesThanAreThere) {
  for (const std::size_t says : {2U, 65535U})
    EXPECT_EQ(find_in(with_index({{kEach}}, says), "name3"), EIO) << says;
}

/// What a dictionary is, for each compressor that has one.
struct Dictionary {
  unsigned compressor;
  void (*set)(Bytes& block, bool is_large);
};

class HostileDictionary : public testing::TestWithParam<Dictionary> {
 protected:
  /// A block of `size` letters that wants a dictionary of gigabytes, or of 64 KiB.
  static Bytes block_of(std::size_t size, bool is_large) {
    Bytes block = pack(GetParam().compressor, Bytes(size, std::byte{'Z'}));
    GetParam().set(block, is_large);
    return block;
  }

  static Forge make() {
    Forge forge;
    forge.super.compressor = static_cast<std::uint16_t>(GetParam().compressor);
    return forge;
  }

  /// Looks, and sees that the memory is not there.
  static Found look(const Bytes& image) {
    rusage before{};
    rusage after{};
    EXPECT_EQ(::getrusage(RUSAGE_SELF, &before), 0);
    Found found = look_at(image, Contents::any);
    EXPECT_EQ(::getrusage(RUSAGE_SELF, &after), 0);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 << 10);
    EXPECT_EQ(found.complaints, std::vector<std::string>{});
    return found;
  }
};

TEST_P(HostileDictionary, OfABlockOfAFileIsRefused) {
  for (const bool is_large : {false, true}) {
    Forge forge = make();
    forge.data = block_of(4096, is_large);
    const auto stored = static_cast<std::uint32_t>(forge.data.size());
    const auto root = forge.add_file({.size = 4096, .blocks = {stored}});
    const Found found = look(forge.finish(root));
    EXPECT_EQ(found.errors > 0, is_large);
    EXPECT_EQ(found.bytes, is_large ? 0U : 4096U + 2048U);
  }
}

TEST_P(HostileDictionary, OfMetadataIsRefused) {
  for (const bool is_large : {false, true}) {
    Forge forge = make();
    // A file whose sizes of blocks are all letters: its inode can be read, and they can where the
    // block behind it can.
    const auto root = forge.add_file({.size = 4096});
    forge.more_inodes = metadata_block(block_of(4096, is_large), true);
    Opened opened(forge.finish(root));
    MetadataStream stream(*opened.reader, opened.image->super.directory_table);
    stream.seek(opened.root.after);
    std::uint32_t letters = 0;
    EXPECT_EQ(read_number(stream, letters), is_large ? EIO : 0);
    EXPECT_EQ(letters, is_large ? 0U : 0x5a5a5a5aU);
    look(forge.finish(root));
  }
}

INSTANTIATE_TEST_SUITE_P(OfGigabytes,
                         HostileDictionary,
                         testing::Values(Dictionary{kXz,
                                                    [](Bytes& block, bool is_large) {
                                                      set_xz_dictionary(block, is_large ? 40 : 8);
                                                    }},
                                         Dictionary{kLzma,
                                                    [](Bytes& block, bool is_large) {
                                                      set_lzma_dictionary(
                                                          block, is_large ? 0xffffffff : 65536);
                                                    }}),
                         [](const auto& which) {
                           return which.param.compressor == kXz ? "xz" : "lzma";
                         });

}  // namespace
}  // namespace berth::read
