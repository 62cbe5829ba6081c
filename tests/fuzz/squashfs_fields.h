// SPDX-License-Identifier: Apache-2.0
// Where the numbers of SquashFS' tables lie, for fuzzers that change one of them rather than any
// byte.
#pragma once

#include <cstddef>
#include <random>
#include <span>
#include <vector>

namespace berth::fuzz {

/// A table, as it is when decompressed.
enum class Table { inodes, listings, index, fragments, ids, xattr_sets, xattrs };
constexpr unsigned kTables = 7;

/// A number, or a letter of a name.
struct Field {
  std::size_t offset = 0;
  unsigned width = 0;  ///< bytes
};

struct Layout {
  std::vector<Field> fields;
  std::vector<std::size_t> entries;  ///< where each inode, header, attribute, ... begins
};

/// Follows a table for as long as it makes sense.
Layout layout_of(Table table, std::span<const std::byte> bytes, std::size_t block_size = 4096);

/// ... all that can be found in an image whose metadata are stored, from the superblock on.
std::vector<Field> fields_of_image(std::span<const std::byte> image);

using Chance = std::minstd_rand;

/// Gives up to four of the fields another value, rather one at a limit than any.
void change_fields(std::span<std::byte> bytes, const std::vector<Field>& fields, Chance& chance);

}  // namespace berth::fuzz
