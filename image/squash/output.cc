// SPDX-License-Identifier: Apache-2.0
#include "image/squash/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sqfs/error.h>

namespace berth::squash {

namespace {

/// The file is synced in the end, which is short if the disk has been at work all the time.
constexpr std::uint64_t kWritebackStep = 16UL * 1024 * 1024;

/// A file is written block by block, and taken back when it turns out to be there already. Kept
/// here for a while, such bytes never reach the disk.
constexpr std::size_t kMostTail = 8UL * 1024 * 1024;

/// What stays is handed on while the processor still has it in its caches.
constexpr std::size_t kFewestToPut = 512UL * 1024;
constexpr std::size_t kPage = 4096;

}  // namespace

Output::Output(int fd) : fd_(fd) {
  self_.output = this;
  self_.interface.base.destroy = [](sqfs_object_t*) {};  // the descriptor is not ours
  self_.interface.read_at = [](sqfs_file_t* f, sqfs_u64 at, void* into, std::size_t count) {
    return of(f).read(at, static_cast<char*>(into), count);
  };
  self_.interface.write_at = [](sqfs_file_t* f, sqfs_u64 at, const void* from, std::size_t count) {
    return of(f).write(at, static_cast<const char*>(from), count);
  };
  self_.interface.get_size = [](const sqfs_file_t* f) -> sqfs_u64 { return of(f).size(); };
  self_.interface.truncate = [](sqfs_file_t* f, sqfs_u64 size) { return of(f).truncate(size); };
}

Output& Output::of(const sqfs_file_t* file) {
  return *reinterpret_cast<const Self*>(file)->output;
}

int Output::fail(const char* call, int number) {
  if (!refusal_) refusal_ = Refusal{call, number};
  return SQFS_ERROR_IO;
}

int Output::read(std::uint64_t offset, char* into, std::size_t count) {
  if (offset > size_ || count > size_ - offset) return SQFS_ERROR_OUT_OF_BOUNDS;
  if (offset + count > put_) {
    const std::uint64_t from = std::max(offset, put_);
    const auto part = static_cast<std::size_t>(offset + count - from);
    std::memcpy(into + (from - offset), tail_.data() + (from - put_), part);
    count -= part;
  }
  while (count > 0) {
    const ssize_t got = ::pread(fd_, into, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("pread", errno);
    if (got == 0) return SQFS_ERROR_OUT_OF_BOUNDS;
    into += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
  return 0;
}

int Output::write(std::uint64_t offset, const char* bytes, std::size_t count) {
  if (offset < put_) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, put_ - offset));
    if (const int answer = put(offset, bytes, part); answer != 0) return answer;
    offset += part;
    bytes += part;
    count -= part;
  }
  if (count == 0) return 0;
  const auto at = static_cast<std::size_t>(offset - put_);
  if (at > tail_.size()) tail_.resize(at);
  const std::size_t over = std::min(count, tail_.size() - at);
  std::copy_n(bytes, over, tail_.begin() + static_cast<std::ptrdiff_t>(at));
  tail_.insert(tail_.end(), bytes + over, bytes + count);
  size_ = put_ + tail_.size();
  return tail_.size() < kMostTail ? 0 : flush_pages();
}

int Output::settle() {
  return tail_.size() < kFewestToPut ? 0 : flush_pages();
}

/// Whole pages, so that none is begun twice.
int Output::flush_pages() {
  return flush(tail_.size() / kPage * kPage);
}

/// Hands the first `count` bytes of the tail to the kernel.
int Output::flush(std::size_t count) {
  if (const int answer = put(put_, tail_.data(), count); answer != 0) return answer;
  tail_.erase(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(count));
  put_ += count;
  if (put_ - flushed_ >= kWritebackStep) start_writeback();
  return 0;
}

int Output::put(std::uint64_t offset, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t done = ::pwrite(fd_, bytes, count, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail("pwrite", errno);
    bytes += done;
    offset += static_cast<std::uint64_t>(done);
    count -= static_cast<std::size_t>(done);
  }
  return 0;
}

/// Only whole pages, and not the last ones: written again, they would cost the disk twice.
void Output::start_writeback() {
  const std::uint64_t end = put_ / kWritebackStep * kWritebackStep;
  // A wish: file systems that do not know it write when they like.
  (void)::sync_file_range(
      fd_, static_cast<off_t>(flushed_), static_cast<off_t>(end - flushed_), SYNC_FILE_RANGE_WRITE);
  flushed_ = end;
}

int Output::truncate(std::uint64_t size) {
  if (size >= put_) {
    tail_.resize(static_cast<std::size_t>(size - put_));
  } else {
    tail_.clear();
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return fail("ftruncate", errno);
    put_ = size;
    flushed_ = std::min(flushed_, size);
  }
  size_ = size;
  return 0;
}

int Output::pad(std::uint64_t unit) {
  const int answer = truncate((size_ + unit - 1) / unit * unit);
  return answer != 0 ? answer : flush(tail_.size());
}

}  // namespace berth::squash
