// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "image/integrity/sha256.h"
#include "image/overlay/overlay.h"
#include "image/read/superblock.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

namespace berth::overlay {

namespace {

constexpr std::uint64_t kEndBytes = 64 << 10;  ///< of the tables
/// Behind the SquashFS, from the next whole block on: the head of the hash tree, and its root.
constexpr std::uint64_t kTreeBytes = 8192;
constexpr std::uint64_t kTreeAlignment = 4096;

/// Adds up to `count` bytes of the file; fewer where it ends. 0 or an errno.
int add_piece(int fd, std::uint64_t from, std::uint64_t count, integrity::Sha256& digest) {
  std::vector<std::byte> bytes(count);
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got =
        ::pread(fd, bytes.data() + filled, count - filled, static_cast<off_t>(from + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  digest.add(std::span(bytes).first(filled));
  return 0;
}

}  // namespace

std::string source_of(const struct stat& image) {
  return "berth:" + std::to_string(image.st_dev) + ":" + std::to_string(image.st_ino);
}

Result<std::string> find_identity(const ImageFile& image) {
  const std::string goal = "use " + quote(image.name) + " as an image";
  const auto super = read::read_superblock(image.fd, image.name);
  if (!super) return super.error();

  struct stat info {};

  if (::fstat(image.fd, &info) != 0) return refused("fstat", goal, errno);
  const std::uint64_t end = super->bytes_used;
  const std::uint64_t tables = std::min(end, kEndBytes);
  const std::uint64_t tree = (end + kTreeAlignment - 1) / kTreeAlignment * kTreeAlignment;
  integrity::Sha256 digest;
  for (const auto& [from, count] :
       {std::pair<std::uint64_t, std::uint64_t>{0, read::kSuperblockBytes},
        {end - tables, tables},
        {tree, kTreeBytes}})
    if (const int number = add_piece(image.fd, from, count, digest); number != 0)
      return refused("pread", goal, number);
  return std::to_string(info.st_size) + "-" + integrity::hex_of(digest.take());
}

}  // namespace berth::overlay
