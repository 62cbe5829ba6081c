// SPDX-License-Identifier: Apache-2.0
#include "image/serve/read_ahead.h"

#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/serve/detached.h"

#include <fcntl.h>

#include <memory>
#include <span>
#include <string>

namespace berth::serve {
namespace {

/// Of tables, hash tree and whatever else lies behind the files. An image of 50,000 has 2 MiB of
/// it.
constexpr std::uint64_t kMostTables = 8 << 20;
/// A whole start-up, not a whole image: memory is the job's.
constexpr std::uint64_t kMostAhead = 256 << 20;

std::string read_list(read::Reader& reader) {
  read::Inode inode;
  std::string text;
  if (find_path(reader, profile::kListPath, inode) != 0) return text;
  if (!inode.is(S_IFREG) || inode.size > profile::kMostListBytes) return text;
  text.resize(inode.size);
  std::size_t got = 0;
  const std::span room(text.data(), text.size());
  if (read_file(reader, inode, 0, std::as_writable_bytes(room), got) != 0) text.clear();
  return text;
}

struct Work {
  int fd;
  std::vector<profile::Range> ranges;
};

void* run(void* argument) {
  const std::unique_ptr<Work> work(static_cast<Work*>(argument));
  for (const profile::Range& range : work->ranges)
    (void)::posix_fadvise(work->fd,
                          static_cast<off_t>(range.offset),
                          static_cast<off_t>(range.bytes),
                          POSIX_FADV_WILLNEED);
  return nullptr;
}

}  // namespace

std::vector<profile::Range> find_ahead(read::Reader& reader, std::uint64_t file_bytes) {
  const read::Superblock& super = reader.image().super;
  const profile::Stamp stamp{super.bytes_used, super.inode_table, super.root};
  std::vector<profile::Range> ranges = profile::parse_list(read_list(reader), stamp);
  if (ranges.empty()) return ranges;
  // Every lookup needs the tables, wherever the file's bytes lie.
  ranges.insert(ranges.begin(), {super.inode_table, kMostTables});
  return profile::clipped(ranges, file_bytes, kMostAhead);
}

void read_ahead(int image_fd, std::vector<profile::Range> ranges) {
  if (ranges.empty()) return;
  auto work = std::make_unique<Work>(Work{image_fd, std::move(ranges)});
  if (start_detached(run, work.get())) (void)work.release();  // the thread's now
}

}  // namespace berth::serve
