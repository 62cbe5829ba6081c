// SPDX-License-Identifier: Apache-2.0
// What we say to the kernel, in the form of linux/fuse.h. Pure: bytes go into the caller's buffer.
#pragma once

#include "image/read/directory.h"
#include "image/read/inode.h"
#include "image/serve/serve.h"

#include <linux/fuse.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace berth::serve {

/// A node is its inode's reference, so nothing has to be remembered and FORGET says nothing. The
/// root is node 1, which FUSE demands; a bit above the 48 of a reference keeps the others off it.
constexpr std::uint64_t kNodeBit = std::uint64_t{1} << 48;

constexpr std::uint64_t node_of(std::uint64_t reference, std::uint64_t root) noexcept {
  return reference == root ? FUSE_ROOT_ID : reference | kNodeBit;
}

constexpr std::uint64_t reference_of(std::uint64_t node, std::uint64_t root) noexcept {
  return node == FUSE_ROOT_ID ? root : node & (kNodeBit - 1);
}

/// The answer to INIT: the newest protocol that both sides know, and of our wishes those that the
/// kernel knows.
fuse_init_out make_init(const fuse_init_in& from) noexcept;

/// `owner`: of this file.
fuse_attr make_attributes(const read::Inode& inode, const Owner& owner) noexcept;
fuse_attr_out make_attr_out(const read::Inode& inode, const Owner& owner) noexcept;
fuse_entry_out make_entry(const read::Inode& inode,
                          std::uint64_t root,
                          const Owner& owner) noexcept;

/// "There is no such name", which the kernel remembers.
fuse_entry_out make_negative_entry() noexcept;

fuse_statfs_out make_statfs(const read::Superblock& super) noexcept;

/// Directory entries one behind the other, as long as there is room.
class EntryWriter {
 public:
  explicit EntryWriter(std::span<std::byte> room) : room_(room) {}

  /// `next` is the number by which the reader asks for what follows. False when it does not fit.
  bool add(std::string_view name, std::uint64_t number, mode_t kind, std::uint64_t next) noexcept;

  /// The same with all that a lookup would answer; a node of 0 in `entry` leaves that to a lookup.
  bool add_plus(std::string_view name,
                const fuse_entry_out& entry,
                mode_t kind,
                std::uint64_t next) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::span<std::byte> room_;
  std::size_t size_ = 0;
};

}  // namespace berth::serve
