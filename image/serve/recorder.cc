// SPDX-License-Identifier: Apache-2.0
#include "image/serve/recorder.h"

#include "base/file.h"

#include <cstring>

namespace berth::serve {
namespace {

constexpr unsigned kBlockBits = 16;

void write_text(int fd, const std::string& text) {
  (void)write_fully(fd, text.data(), text.size());  // see note()
}

}  // namespace

Recorder::Recorder(int fd, const read::Superblock& super) : fd_(fd), super_(super) {
  write_text(fd_, profile::first_line({super.bytes_used, super.inode_table, super.root}));
}

bool Recorder::fit(const profile::Touch& touch) {
  return touch.block >> kBlockBits == 0 && touch.inode >> (64 - kBlockBits) == 0;
}

void Recorder::note(const Exchange& exchange) {
  fuse_read_in asked{};
  if (exchange.header.opcode != FUSE_READ || exchange.body.size() < sizeof asked) return;
  std::memcpy(&asked, exchange.body.data(), sizeof asked);
  if (exchange.size == 0) return;
  const std::uint64_t last = (asked.offset + exchange.size - 1) >> super_.block_log;
  std::string lines;
  const std::lock_guard lock(mutex_);
  for (std::uint64_t block = asked.offset >> super_.block_log; block <= last; ++block) {
    const profile::Touch touch{reference_of(exchange.header.nodeid, super_.root), block};
    if (seen_.size() == profile::kMostTouches || !fit(touch)) break;
    if (seen_.insert(touch.inode << kBlockBits | touch.block).second)
      lines += profile::line_of(touch);
  }
  if (!lines.empty()) write_text(fd_, lines);
}

}  // namespace berth::serve
