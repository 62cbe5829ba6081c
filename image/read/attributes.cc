// SPDX-License-Identifier: Apache-2.0
// Three tables: ids; the xattr ids, which say where a set of attributes begins; the attributes.
#include "image/read/attributes.h"

#include <array>
#include <cerrno>

namespace berth::read {
namespace {

constexpr std::uint32_t kMostXattrs = 1000;
constexpr std::uint32_t kLargestValue = 64 * 1024;  // XATTR_SIZE_MAX
constexpr std::uint16_t kElsewhere = 0x100;         // the value is a reference to the value
constexpr std::array<const char*, 3> kPrefixes = {"user.", "trusted.", "security."};

/// Where the attributes lie, from the head of the table of their ids.
struct XattrHead {
  std::uint64_t start = 0;
  std::uint32_t count = 0;
  std::uint32_t unused = 0;
};

/// One set of attributes.
struct XattrSet {
  std::uint64_t reference = 0;
  std::uint32_t count = 0;
  std::uint32_t bytes = 0;
};

struct NameHead {
  std::uint16_t type = 0;
  std::uint16_t size = 0;
};

/// Entry `number` of a table that begins with the positions of its blocks, at `index`.
template <class T>
int read_entry(Reader& reader, std::uint64_t index, std::uint32_t number, T& out) {
  constexpr std::uint32_t kInBlock = kMetadataBytes / sizeof(T);
  std::uint64_t position = 0;
  if (!reader.read_number(index + number / kInBlock * sizeof position, position)) return EIO;
  MetadataStream stream(reader, reader.image().super.bytes_used);
  stream.seek({position, static_cast<std::uint32_t>(number % kInBlock * sizeof(T))});
  return read_number(stream, out);
}

int read_text(MetadataStream& stream, std::uint32_t size, std::string& out) {
  out.resize(size);
  return stream.read(out.data(), out.size());
}

int read_value(MetadataStream& stream, std::string& out) {
  std::uint32_t size = 0;
  if (const int error = read_number(stream, size); error != 0) return error;
  if (size > kLargestValue) return EIO;
  return read_text(stream, size, out);
}

int read_value_elsewhere(Reader& reader,
                         std::uint64_t table,
                         MetadataStream& stream,
                         std::string& out) {
  std::uint32_t size = 0;
  std::uint64_t reference = 0;
  if (const int error = read_number(stream, size); error != 0) return error;
  if (size != sizeof reference) return EIO;
  if (const int error = read_number(stream, reference); error != 0) return error;
  MetadataStream there(reader, reader.image().super.bytes_used);
  there.seek(place_of(table, reference));
  return read_value(there, out);
}

}  // namespace

int read_id(Reader& reader, std::uint16_t index, std::uint32_t& out) {
  const Superblock& super = reader.image().super;
  return index < super.ids ? read_entry(reader, super.id_table, index, out) : EIO;
}

int read_xattrs(Reader& reader, const Inode& inode, std::vector<Xattr>& out) {
  out.clear();
  const Superblock& super = reader.image().super;
  if (inode.xattrs == kNoXattrs || super.xattr_table == kNoTable) return 0;
  XattrHead head;
  if (!reader.read_number(super.xattr_table, head) || inode.xattrs >= head.count) return EIO;
  XattrSet set;
  const std::uint64_t index = super.xattr_table + sizeof head;
  if (const int error = read_entry(reader, index, inode.xattrs, set); error != 0) return error;
  if (set.count > kMostXattrs) return EIO;
  MetadataStream stream(reader, super.bytes_used);
  stream.seek(place_of(head.start, set.reference));
  for (std::uint32_t i = 0; i < set.count; ++i) {
    NameHead name;
    if (const int error = read_number(stream, name); error != 0) return error;
    const unsigned prefix = name.type & 0xffU;
    if (prefix >= kPrefixes.size() || name.size == 0 || name.size > 255) return EIO;
    Xattr xattr;
    if (const int error = read_text(stream, name.size, xattr.first); error != 0) return error;
    xattr.first.insert(0, kPrefixes.at(prefix));
    const int error = (name.type & kElsewhere) != 0
                          ? read_value_elsewhere(reader, head.start, stream, xattr.second)
                          : read_value(stream, xattr.second);
    if (error != 0) return error;
    out.push_back(std::move(xattr));
  }
  return 0;
}

}  // namespace berth::read
