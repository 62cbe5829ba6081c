// SPDX-License-Identifier: Apache-2.0
// Any bytes as one table of an image that is sound otherwise, and that refers to each of its
// entries. Nothing is compressed here, so that all bytes mean something, and inputs are short
// enough to be kept.
//
// The first byte of an input says which table, the second whether metadata blocks hold as much as
// they can or, from 128 on, next to nothing, and the rest are the table's.
#include "image/read/inode.h"
#include "tests/component/forge.h"
#include "tests/component/image_look.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/squashfs_fields.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace {

using namespace berth::read;  // NOLINT(google-build-using-namespace): all of it is tried
using berth::fuzz::Layout;
using berth::fuzz::Table;

constexpr std::size_t kHead = 2;
constexpr std::size_t kMostEntries = 16;
constexpr std::uint32_t kStoredBlock = 1 << 24 | 4096;

Table table_of(std::uint8_t number) {
  return static_cast<Table>(number % berth::fuzz::kTables);
}

void append_triple(Bytes& table, std::uint64_t place, std::uint32_t second, std::uint32_t third) {
  append(table, place);
  append(table, second);
  append(table, third);
}

/// One set for the attributes from each entry on.
Bytes sets_of(const Forge& forge, const Layout& layout) {
  Bytes sets;
  std::size_t left = layout.entries.size();
  for (const std::size_t entry : layout.entries)
    append_triple(sets, forge.reference_of(entry), static_cast<std::uint32_t>(left--), 0);
  return sets;
}

/// Puts a table into a forge that has no inode yet.
void set_table(Forge& forge, Table table, const Bytes& bytes, const Layout& layout) {
  forge.data = Bytes(2UL * 4096, std::byte{'Z'});
  append_triple(forge.fragments, kSuperblockBytes + 4096, kStoredBlock, 0);
  if (table == Table::inodes) forge.inodes = bytes;
  if (table == Table::fragments) forge.fragments = bytes;
  if (table == Table::ids) forge.ids = bytes;
  if (table == Table::xattr_sets) forge.xattr_sets = bytes;
  if (table == Table::xattrs) forge.xattr_sets = sets_of(forge, layout);
  forge.xattrs = table == Table::xattrs ? bytes : Bytes(64);
}

/// Files that lead to the table's entries.
std::vector<ForgedEntry> add_files(Forge& forge, Table table, const Layout& layout) {
  std::vector<ForgedEntry> names;
  for (std::uint32_t i = 0; i < layout.entries.size() && i < kMostEntries; ++i) {
    const ForgedFile file{.size = 4196,
                          .blocks = {kStoredBlock},
                          .fragment = table == Table::fragments ? i : 0,
                          .xattrs = forge.xattr_sets.empty() ? kNoXattrs : i,
                          .owner = static_cast<std::uint16_t>(i)};
    const bool is_there = table == Table::inodes;
    names.push_back(
        {.name = "name" + std::to_string(i),
         .inode = is_there ? forge.reference_of(layout.entries[i]) : forge.add_file(file)});
  }
  return names;
}

Bytes image_around(Table table, unsigned cut, const Bytes& bytes) {
  Forge forge;
  if (cut >= 128) forge.block_bytes = cut - 100;
  const Layout layout = berth::fuzz::layout_of(table, bytes);
  set_table(forge, table, bytes, layout);
  const auto names = add_files(forge, table, layout);
  if (table != Table::listings && table != Table::index)
    return forge.finish(forge.add_directory(names));
  if (table == Table::index) {
    (void)forge.add_directory(names);
  } else {
    forge.listings = bytes;
  }
  const auto size = static_cast<std::uint32_t>(forge.listings.size());
  const auto root =
      forge.add_directory_at(0, size, table == Table::index ? layout.entries.size() : 0);
  if (table == Table::index) forge.inodes.insert(forge.inodes.end(), bytes.begin(), bytes.end());
  return forge.finish(root);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): libFuzzer's names
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= kHead) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(kHead);
  const Bytes image = image_around(table_of(data[0]), data[1], {bytes.begin(), bytes.end()});
  berth::fuzz::require(look_at(image, Contents::any).complaints.empty());
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t most,
                                               unsigned seed) {
  berth::fuzz::Chance chance(seed);
  if (size <= kHead || chance() % 4 == 0) return LLVMFuzzerMutate(data, size, most);
  const auto bytes = std::as_writable_bytes(std::span(data, size)).subspan(kHead);
  change_fields(bytes, layout_of(table_of(data[0]), bytes).fields, chance);
  return size;
}

// NOLINTEND(readability-identifier-naming)
