// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/squashfs_fields.h"

#include "image/read/superblock.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

namespace berth::fuzz {
namespace {

using Bytes = std::span<const std::byte>;

/// Goes along bytes and notes what it passes. Behind the end everything is 0.
class Pen {
 public:
  Pen(Bytes bytes, Layout& out) : bytes_(bytes), out_(out) {}

  [[nodiscard]] bool is_at_end() const { return at_ >= bytes_.size(); }

  void begin_entry() { out_.entries.push_back(at_); }

  std::uint64_t number(unsigned width) {
    std::uint64_t value = 0;
    if (width > bytes_.size() - std::min(at_, bytes_.size())) {
      at_ = bytes_.size();
      return 0;
    }
    std::memcpy(&value, bytes_.data() + at_, width);
    out_.fields.push_back({at_, width});
    at_ += width;
    return value;
  }

  /// Numbers of these widths, one digit each. Returns them.
  std::array<std::uint64_t, 8> numbers(const char* widths) {
    std::array<std::uint64_t, 8> values{};
    for (std::size_t i = 0; widths[i] != '\0'; ++i)
      values.at(i) = number(static_cast<unsigned>(widths[i] - '0'));
    return values;
  }

  /// Of a name or value its first letters may be changed.
  void text(std::uint64_t size) {
    for (std::size_t i = 0; i < std::min<std::uint64_t>(size, 3) && at_ + i < bytes_.size(); ++i)
      out_.fields.push_back({at_ + i, 1});
    at_ += std::min<std::uint64_t>(size, bytes_.size() - std::min(at_, bytes_.size()));
  }

 private:
  Bytes bytes_;
  Layout& out_;
  std::size_t at_ = 0;
};

void pass_index_entry(Pen& pen) {
  pen.text(pen.numbers("444")[2] + 1);
}

void pass_blocks(Pen& pen, std::uint64_t size, bool has_fragment, std::size_t block_size) {
  std::uint64_t blocks = size / block_size + (has_fragment || size % block_size == 0 ? 0 : 1);
  for (; blocks > 0 && !pen.is_at_end(); --blocks)
    pen.number(4);
}

void pass_inode(Pen& pen, std::size_t block_size) {
  constexpr std::uint64_t kNoFragment = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t type = pen.numbers("222244")[0];
  switch (type) {
    case 1:
      pen.numbers("44224");
      break;
    case 2: {
      const auto file = pen.numbers("4444");
      return pass_blocks(pen, file[3], file[1] != kNoFragment, block_size);
    }
    case 8:
      for (std::uint64_t left = pen.numbers("4444224")[4]; left > 0 && !pen.is_at_end(); --left)
        pass_index_entry(pen);
      break;
    case 9: {
      const auto file = pen.numbers("8884444");
      return pass_blocks(pen, file[1], file[4] != kNoFragment, block_size);
    }
    case 3:
    case 10:
      pen.text(pen.numbers("44")[1]);
      if (type == 10) pen.number(4);
      break;
    default:  // devices, fifos and sockets; the extended ones have attributes
      pen.numbers(type == 4 || type == 5 || type > 12 ? "44" : type > 10 ? "444" : "4");
  }
}

void pass_listing(Pen& pen) {
  for (std::uint64_t left = pen.numbers("444")[0] % 256 + 1; left > 0 && !pen.is_at_end(); --left)
    pen.text(pen.numbers("2222")[3] + 1);
}

void pass_xattr(Pen& pen) {
  pen.text(pen.numbers("22")[1]);
  pen.text(pen.number(4));
}

void pass_entry(Pen& pen, Table table, std::size_t block_size) {
  switch (table) {
    case Table::inodes:
      return pass_inode(pen, block_size);
    case Table::listings:
      return pass_listing(pen);
    case Table::index:
      return pass_index_entry(pen);
    case Table::ids:
      return (void)pen.number(4);
    case Table::fragments:
    case Table::xattr_sets:
      return (void)pen.numbers("844");
    case Table::xattrs:
      return pass_xattr(pen);
  }
}

/// Notes fields of an image.
class Map {
 public:
  explicit Map(Bytes image) : image_(image), super_(read::parse_superblock(image.data())) {}

  std::vector<Field> make() {
    Layout head;
    Pen pen(image_.first(read::kSuperblockBytes), head);
    pen.numbers("44444222");
    pen.numbers("222");
    pen.numbers("88888888");
    add(head, 0);
    add_blocks(Table::inodes, super_.inode_table, super_.directory_table);
    add_blocks(Table::listings, super_.directory_table, super_.id_table);
    if (super_.fragments > 0) add_table(Table::fragments, super_.fragment_table, 0);
    add_table(Table::ids, super_.id_table, 0);
    if (super_.xattr_table < image_.size()) add_table(Table::xattr_sets, super_.xattr_table, 16);
    add_blocks(Table::xattrs, position_at(super_.xattr_table), super_.xattr_table);
    return std::move(fields_);
  }

 private:
  void add(const Layout& layout, std::size_t offset) {
    for (const Field& field : layout.fields)
      fields_.push_back({offset + field.offset, field.width});
  }

  [[nodiscard]] std::uint64_t position_at(std::uint64_t offset) const {
    if (offset > image_.size() || image_.size() - offset < 8) return image_.size();
    return read::number_at<std::uint64_t>(image_.data() + offset);
  }

  /// Metadata blocks from `begin` on. What is compressed has no fields but its size.
  void add_blocks(Table table, std::uint64_t begin, std::uint64_t end) {
    end = std::min<std::uint64_t>(end, image_.size());
    while (begin < end && end - begin > 2 && fields_.size() < kMostFields) {
      const auto header = read::number_at<std::uint16_t>(image_.data() + begin);
      fields_.push_back({begin, 2});
      const std::uint64_t size = std::min<std::uint64_t>(header & 0x7fff, end - begin - 2);
      if ((header & 0x8000) != 0)
        add(layout_of(table, image_.subspan(begin + 2, size), std::max(1U, super_.block_size)),
            begin + 2);
      begin += 2 + size;
    }
  }

  /// A table of one block of entries, whose position stands `head` bytes behind `at`.
  void add_table(Table table, std::uint64_t at, unsigned head) {
    if (at >= image_.size() || image_.size() - at < head + 8U) return;
    for (unsigned offset = 0; offset < head + 8; offset += 8)
      fields_.push_back({at + offset, 8});
    add_blocks(table, position_at(at + head), at);
  }

  static constexpr std::size_t kMostFields = 10000;

  Bytes image_;
  read::Superblock super_;
  std::vector<Field> fields_;
};

}  // namespace

Layout layout_of(Table table, Bytes bytes, std::size_t block_size) {
  Layout layout;
  Pen pen(bytes, layout);
  while (!pen.is_at_end()) {
    pen.begin_entry();
    pass_entry(pen, table, block_size);
  }
  return layout;
}

std::vector<Field> fields_of_image(Bytes image) {
  return image.size() < read::kSuperblockBytes ? std::vector<Field>{} : Map(image).make();
}

void change_fields(std::span<std::byte> bytes, const std::vector<Field>& fields, Chance& chance) {
  constexpr std::array<std::uint64_t, 16> kLimits{
      0, 1, 2, 8, 255, 256, 4095, 4096, 8191, 8192, 32768, 65535, 1 << 24, 1 << 20, 3, 12};
  for (auto count = chance() % 4; !fields.empty() && count < 4; ++count) {
    const Field field = fields.at(chance() % fields.size());
    const Field other = fields.at(chance() % fields.size());
    const std::uint64_t all = ~std::uint64_t{0} >> (64 - 8 * field.width);
    std::uint64_t value = 0;
    std::memcpy(&value, &bytes[field.offset], field.width);
    switch (chance() % 8) {
      case 0:
        value = kLimits.at(chance() % kLimits.size());
        break;
      case 1:
        value = all >> chance() % 2;
        break;
      case 2:
        value += chance() % 9 - 4;
        break;
      case 3:
        value ^= std::uint64_t{1} << chance() % 64;
        break;
      case 4:
        value = chance() % 16;
        break;
      case 5:
        value = bytes.size() - chance() % 3;
        break;
      case 6:
        value = chance();
        break;
      default:
        std::memcpy(&value, &bytes[other.offset], std::min(field.width, other.width));
    }
    value &= all;
    std::memcpy(&bytes[field.offset], &value, field.width);
  }
}

}  // namespace berth::fuzz
