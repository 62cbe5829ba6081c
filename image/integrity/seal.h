// SPDX-License-Identifier: Apache-2.0
// Writes the hash tree behind a finished image, and checks an image against its tree. Reads through
// the page cache, with as many threads as are wanted; the bytes do not depend on their number.
#pragma once

#include "base/result.h"
#include "image/integrity/hash_tree.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace berth::integrity {

/// Called every 50 ms or so with the bytes that have been read; an error ends the work with it.
using Tell = std::function<Status(std::uint64_t)>;

struct Sealed {
  Digest root = {};         ///< of the tree
  Digest file = {};         ///< of the whole file, tree included
  std::uint64_t bytes = 0;  ///< of the whole file
};

/// Appends the tree to the open file `fd`, which holds `data_bytes`, a whole number of blocks and
/// at least one. Errors have the goal "write the image".
Result<Sealed> write_tree(int fd, std::uint64_t data_bytes, unsigned threads, const Tell& tell);

struct Checked {
  Digest root = {};  ///< what the tree's last block comes to
  std::uint64_t damaged_blocks = 0;
  std::vector<std::uint64_t> first_damaged;  ///< numbers of the first few, ascending
};

/// Compares every block of the data and the tree with its digest. What lies below a damaged block
/// of the tree cannot be judged and does not count. Errors have the goal "read the image".
Result<Checked> check_tree(int fd, const Tree& tree, unsigned threads, const Tell& tell);

/// The digest of the first `bytes` bytes of a file.
Result<Digest> digest_of_file(int fd, std::uint64_t bytes, const Tell& tell);

}  // namespace berth::integrity
