// SPDX-License-Identifier: Apache-2.0
// Images that nobody's tool writes. Each is refused, or read with errors, in bounded time, and what
// is read is what the image has.
#include "base/fd.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "tests/component/forge.h"
#include "tests/component/image_look.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::read {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMostSeconds = 8;
#else
constexpr double kMostSeconds = 2;
#endif

constexpr std::byte kPattern{'Z'};
constexpr std::uint32_t kStoredData = 0x1000000;
constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
constexpr std::uint64_t kAll = ~std::uint64_t{0};

// Where the superblock has its tables.
constexpr std::size_t kRootAt = 32;
constexpr std::size_t kUsedAt = 40;
constexpr std::size_t kIdsAt = 48;
constexpr std::size_t kXattrsAt = 56;
constexpr std::size_t kInodesAt = 64;
constexpr std::size_t kDirectoriesAt = 72;
constexpr std::size_t kFragmentsAt = 80;
constexpr std::size_t kExportAt = 88;

/// Looks, and checks what holds for every image.
Found look(const Bytes& image, const std::string& what = "") {
  Found found = look_at(image);
  EXPECT_EQ(found.complaints, std::vector<std::string>{}) << what;
  EXPECT_LE(found.seconds, kMostSeconds) << what;
  return found;
}

void append_fragment(Bytes& table, std::uint64_t position, std::uint32_t header) {
  append(table, position);
  append(table, header);
  append(table, std::uint32_t{0});
}

/// Two blocks, a tail, and a link in a directory; sound.
Forge make_tree(std::uint64_t& root) {
  Forge forge;
  forge.data = Bytes(3UL * 4096, kPattern);
  append_fragment(forge.fragments, 96 + 8192, kStoredData | 4096);
  const ForgedFile file{.size = 9000,
                        .blocks = {kStoredData | 4096, kStoredData | 4096},
                        .fragment = 0,
                        .fragment_offset = 100};
  const auto inode = forge.add_file(file);
  const auto link = forge.add_link(4, "file");
  const auto below = forge.add_directory({{.name = "link", .inode = link, .type = 3}});
  root = forge.add_directory(
      {{.name = "below", .inode = below, .type = 1}, {.name = "file", .inode = inode}});
  return forge;
}

Bytes make_sound() {
  std::uint64_t root = 0;
  const Forge forge = make_tree(root);
  return forge.finish(root);
}

std::uint64_t field(const Bytes& image, std::size_t at) {
  return number_at<std::uint64_t>(image.data() + at);
}

Found look_with(std::size_t at, std::uint64_t value) {
  Bytes image = make_sound();
  patch(image, at, value);
  return look(image, std::to_string(at) + "=" + std::to_string(value));
}

/// An image of one file.
Bytes image_of(Forge forge, const ForgedFile& file) {
  const auto inode = forge.add_file(file);
  return forge.finish(forge.add_directory({{.name = "file", .inode = inode}}));
}

/// A listing of these, as it is found.
Found look_at_entries(std::vector<ForgedEntry> entries) {
  Forge forge;
  const auto inode = forge.add_link(1, "x");
  for (ForgedEntry& entry : entries) {
    entry.inode = inode;
    entry.type = 3;
  }
  return look(forge.finish(forge.add_directory(entries)));
}

TEST(Hostile, TheSoundOneThatOthersComeFromIsRead) {
  const Found found = look(make_sound());
  EXPECT_FALSE(found.is_refused);
  EXPECT_EQ(found.entries, 4U);
  EXPECT_EQ(found.errors, 0U);
  EXPECT_EQ(found.bytes, 9000U + 4500U);
  EXPECT_EQ(found.names, (std::vector<std::string>{"below", "link", "file", "file"}));
}

TEST(Hostile, EverySuperblockFieldAtItsExtremes) {
  struct Field {
    std::size_t at;
    unsigned bytes;
  };

  constexpr Field kFields[] = {{0, 4},
                               {4, 4},
                               {8, 4},
                               {12, 4},
                               {16, 4},
                               {20, 2},
                               {22, 2},
                               {24, 2},
                               {26, 2},
                               {28, 2},
                               {30, 2},
                               {kRootAt, 8},
                               {kUsedAt, 8},
                               {kIdsAt, 8},
                               {kXattrsAt, 8},
                               {kInodesAt, 8},
                               {kDirectoriesAt, 8},
                               {kFragmentsAt, 8},
                               {kExportAt, 8}};
  const Bytes sound = make_sound();
  unsigned refused = 0;
  for (const Field& field : kFields) {
    const std::uint64_t most = kAll >> (64 - 8 * field.bytes);
    const std::uint64_t size = sound.size();
    for (const std::uint64_t value : {std::uint64_t{0},
                                      std::uint64_t{1},
                                      most,
                                      most - 1,
                                      most / 2,
                                      most / 2 + 1,
                                      size - 1,
                                      size,
                                      size + 1}) {
      Bytes image = sound;
      const std::uint64_t fits = value & most;
      std::memcpy(image.data() + field.at, &fits, field.bytes);
      const Found found = look(image, std::to_string(field.at) + "=" + std::to_string(fits));
      refused += found.is_refused ? 1 : 0;
    }
  }
  EXPECT_GT(refused, 80U);
}

TEST(Hostile, EveryLegalBlockSizeThatTheFilesDoNotHave) {
  for (unsigned log = 12; log <= 20; ++log) {
    Bytes image = make_sound();
    patch(image, 12, std::uint32_t{1} << log);
    patch(image, 22, static_cast<std::uint16_t>(log));
    EXPECT_FALSE(look(image).is_refused);
  }
}

TEST(Hostile, TablesThatOverlap) {
  const Bytes sound = make_sound();
  for (const std::size_t at : {kIdsAt, kXattrsAt, kInodesAt, kDirectoriesAt, kFragmentsAt}) {
    for (const std::size_t other : {kIdsAt, kInodesAt, kDirectoriesAt, kFragmentsAt}) {
      for (const std::uint64_t more : {0U, 1U, 2U, 7U})
        look_with(at, field(sound, other) + more);
    }
    look_with(at, 0);
    look_with(at, 95);
  }
  EXPECT_TRUE(look_with(kInodesAt, field(sound, kDirectoriesAt)).is_refused);
  EXPECT_TRUE(look_with(kIdsAt, field(sound, kInodesAt)).is_refused);
  EXPECT_TRUE(look_with(kFragmentsAt, field(sound, kDirectoriesAt)).is_refused);
  EXPECT_TRUE(look_with(kInodesAt, 95).is_refused);
}

TEST(Hostile, TablesOutsideTheFile) {
  const std::uint64_t size = make_sound().size();
  for (const std::uint64_t value :
       {size - 7, size, size + 1, size + 4096, std::uint64_t{1} << 40}) {
    EXPECT_TRUE(look_with(kIdsAt, value).is_refused) << value;
    EXPECT_TRUE(look_with(kFragmentsAt, value).is_refused) << value;
    EXPECT_TRUE(look_with(kInodesAt, value).is_refused) << value;
    EXPECT_GT(look_with(kXattrsAt, value).entries + 1, 0U) << value;
  }
  EXPECT_TRUE(look_with(kUsedAt, size + 1).is_refused);
  EXPECT_TRUE(look_with(kDirectoriesAt, size).is_refused);
}

TEST(Hostile, TablesBeyondHalfOfAllNumbers) {
  for (const std::uint64_t value : {kHalf - 1, kHalf, kHalf + 96, kAll - 96, kAll - 1}) {
    for (const std::size_t at : {kUsedAt, kIdsAt, kInodesAt, kDirectoriesAt, kFragmentsAt})
      EXPECT_TRUE(look_with(at, value).is_refused) << at << " " << value;
    look_with(kXattrsAt, value);
    look_with(kExportAt, value);
  }
}

TEST(Hostile, MetadataThatRefersToItselfOrAnywhere) {
  const Bytes sound = make_sound();
  const std::uint64_t fragments = field(sound, kFragmentsAt);
  const std::uint64_t ids = field(sound, kIdsAt);
  for (const std::uint64_t index : {fragments, ids}) {
    for (const std::uint64_t value : {std::uint64_t{0},
                                      std::uint64_t{96},
                                      index,
                                      index - 1,
                                      index + 7,
                                      kHalf - 1,
                                      kHalf,
                                      kAll - 1,
                                      kAll,
                                      std::uint64_t{sound.size()}}) {
      // The very first use of a cache is when it has free slots.
      EXPECT_GT(look_with(index, value).errors, 0U) << value;
    }
  }
}

TEST(Hostile, InodeReferencesPastTheEndOfTheirBlock) {
  const Bytes sound = make_sound();
  const std::uint64_t table = field(sound, kDirectoriesAt) - field(sound, kInodesAt);
  const std::uint64_t held = table - 2;
  for (const std::uint64_t offset : {held - 1, held, held + 1, std::uint64_t{8191}}) {
    const Found found = look_with(kRootAt, offset);
    EXPECT_EQ(found.errors, 1U) << offset;
    EXPECT_EQ(found.entries, 1U) << offset;
  }
  EXPECT_TRUE(look_with(kRootAt, 8192).is_refused);
  EXPECT_TRUE(look_with(kRootAt, 65535).is_refused);
  EXPECT_TRUE(look_with(kRootAt, table << 16).is_refused);
  EXPECT_TRUE(look_with(kRootAt, kAll).is_refused);
  for (const std::uint64_t reference : {held,
                                        std::uint64_t{8192},
                                        std::uint64_t{65535},
                                        table << 16,
                                        table << 16 | 8191,
                                        std::uint64_t{0xffffffff} << 16,
                                        std::uint64_t{0xffffffffffff}}) {
    Forge forge;
    const Bytes image = forge.finish(forge.add_directory({{.name = "a", .inode = reference}}));
    EXPECT_EQ(look(image).errors, 1U) << reference;
  }
}

TEST(Hostile, ListingsPastTheEndOfTheirBlock) {
  for (const std::uint64_t listing : {std::uint64_t{0},
                                      std::uint64_t{1},
                                      std::uint64_t{8191},
                                      std::uint64_t{65535},
                                      std::uint64_t{0xffffffff} << 16,
                                      std::uint64_t{1} << 16}) {
    for (const std::uint32_t size : {1U, 12U, 40U, 65536U, 0xfffffff0U}) {
      Forge forge;
      EXPECT_EQ(look(forge.finish(forge.add_directory_at(listing, size))).errors, 1U) << listing;
    }
  }
}

TEST(Hostile, NamesThatAreNone) {
  using namespace std::string_literals;
  for (const std::string& name : {"a/b"s, "/"s, "../x"s, "a\0b"s, "\0"s, "."s, ".."s}) {
    const Found found = look_at_entries({{.name = "a"}, {.name = name}, {.name = "z"}});
    EXPECT_EQ(found.names.front(), "a");
    EXPECT_EQ(found.errors, 1U) << name;
    EXPECT_EQ(std::count(found.names.begin(), found.names.end(), name), 0) << name;
  }
}

TEST(Hostile, NamesThatAreEmptyOrTooLong) {
  EXPECT_EQ(look_at_entries({{.name = std::string(256, 'x')}}).errors, 0U);
  EXPECT_EQ(look_at_entries({{.name = std::string(257, 'x')}}).errors, 1U);
  EXPECT_EQ(look_at_entries({{.name = std::string(65535, 'x')}}).errors, 1U);
  // The size is stored less one, so that an empty name is one of 65536.
  EXPECT_EQ(look_at_entries({{.name = ""}}).errors, 1U);
  EXPECT_EQ(look_at_entries({{.name = "a", .longer = 1}}).errors, 1U);
  EXPECT_EQ(look_at_entries({{.name = "a", .longer = 0x7fff}}).errors, 1U);
}

TEST(Hostile, NamesThatComeTwice) {
  const Found found = look_at_entries({{.name = "a"}, {.name = "a"}, {.name = "b"}, {.name = "a"}});
  EXPECT_EQ(found.errors, 0U);
  EXPECT_EQ(found.entries, 5U);
}

TEST(Hostile, DirectoriesThatContainThemselves) {
  Forge forge;
  const auto self = forge.next_inode();
  const Bytes image = forge.finish(forge.add_directory(
      {{.name = "self", .inode = self, .type = 1}, {.name = "too", .inode = self, .type = 2}}));
  EXPECT_EQ(look(image).entries, 3U);
  // A pair, each within the other.
  Forge pair;
  const auto listing = pair.next_listing();
  const auto first = pair.add_directory_at(listing, 21);
  const auto second = pair.next_inode();
  const auto root = pair.add_directory(
      {{.name = "a", .inode = second, .type = 1}, {.name = "b", .inode = first, .type = 1}});
  EXPECT_EQ(look(pair.finish(root)).entries, 4U);
  std::string path = "a";
  for (unsigned i = 0; i < 1000; ++i)
    path += "/a";
  const UniqueFd file(::memfd_create("image", MFD_CLOEXEC));
  const Bytes bytes = pair.finish(root);
  ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  Image open(file.get(), parse_superblock(bytes.data()));
  Reader reader(open);
  Inode inode;
  EXPECT_EQ(find_path(reader, path, inode), 0);
}

TEST(Hostile, BlocksThatInflatePastTheirSize) {
  for (const std::uint32_t size : {4097U, 8192U, 131072U, 1U << 20}) {
    Forge forge;
    forge.data = repeated(kPattern, size);
    const auto stored = static_cast<std::uint32_t>(forge.data.size());
    const Found whole = look(image_of(forge, {.size = 4096, .blocks = {stored}}));
    EXPECT_EQ(whole.errors, 2U) << size;
    EXPECT_EQ(whole.bytes, 0U) << size;
    const Found part = look(image_of(forge, {.size = 70000, .blocks = {stored}}));
    EXPECT_GT(part.errors, 0U) << size;
    EXPECT_EQ(part.bytes, 0U) << size;
    append_fragment(forge.fragments, 96, stored);
    EXPECT_EQ(look(image_of(forge, {.size = 4000, .fragment = 0})).errors, 2U) << size;
  }
}

TEST(Hostile, BlocksThatInflateToLessThanTheFileHas) {
  for (const std::uint32_t size : {1U, 100U, 4095U}) {
    Forge forge;
    forge.data = repeated(kPattern, size);
    const auto stored = static_cast<std::uint32_t>(forge.data.size());
    const Found found = look(image_of(forge, {.size = 4096, .blocks = {stored}}));
    EXPECT_GT(found.errors, 0U) << size;
    append_fragment(forge.fragments, 96, stored);
    for (const std::uint32_t offset : {0U, 1U, 4095U, 4096U, 0x80000000U, 0xffffffffU}) {
      const ForgedFile file{.size = 4095, .fragment = 0, .fragment_offset = offset};
      EXPECT_EQ(look(image_of(forge, file)).errors > 0, size < 4095 || offset > 0) << offset;
    }
  }
}

TEST(Hostile, MetadataThatInflatesPastItsSize) {
  for (const std::uint32_t size : {8193U, 65536U, 1U << 20}) {
    Forge forge;
    forge.more_listings = metadata_block(repeated(std::byte{0}, size), true);
    const auto root = forge.add_directory_at(0, 40);
    EXPECT_EQ(look(forge.finish(root)).errors, 1U) << size;
  }
}

TEST(Hostile, LinksOf64KiB) {
  for (const std::uint32_t size : {0U, 4096U, 65535U, 65536U, 0x7fffffffU, 0xffffffffU}) {
    Forge forge;
    const auto link = forge.add_link(size, std::string(std::min(size, 70000U), 'l'));
    const Bytes image =
        forge.finish(forge.add_directory({{.name = "a", .inode = link, .type = 3}}));
    EXPECT_EQ(look(image).errors, 1U) << size;
  }
  Forge forge;
  const auto link = forge.add_link(4095, std::string(4095, 'l'));
  const auto root = forge.add_directory({{.name = "a", .inode = link, .type = 3}});
  EXPECT_EQ(look(forge.finish(root)).errors, 0U);
}

TEST(Hostile, FilesLargerThanTheirListOfBlocks) {
  for (const std::uint64_t size :
       {std::uint64_t{8193}, std::uint64_t{1} << 40, kHalf - 1, kHalf, kAll}) {
    const Found found = look(image_of({}, {.size = size, .blocks = {0, 0}}));
    EXPECT_GT(found.errors, 0U) << size;
    EXPECT_LE(found.bytes, 2 * 8192U) << size;
  }
  for (const std::uint64_t start : {kHalf, kAll, std::uint64_t{1} << 40}) {
    const ForgedFile file{.start = start, .size = 4096, .blocks = {kStoredData | 4096}};
    EXPECT_EQ(look(image_of({}, file)).errors, 1U) << start;
  }
}

}  // namespace
}  // namespace berth::read
