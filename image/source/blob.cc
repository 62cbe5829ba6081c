// SPDX-License-Identifier: Apache-2.0
#include "image/source/blob.h"

#include "base/text.h"
#include "image/source/digest.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace berth::source {

Result<std::size_t> read_some(const Blob& blob,
                              std::uint64_t position,
                              char* into,
                              std::size_t count) {
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, blob.size - position));
  if (count == 0) return std::size_t{0};
  if (blob.fetched) return blob.fetched->read_at(position, into, count);
  while (true) {
    const ssize_t got =
        ::pread(blob.file->get(), into, count, static_cast<off_t>(blob.offset + position));
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0)
      return Error{
          Blame::image,
          "read " + quote(blob.name) + ": the file ends before its " + size_text(blob.size)};
    if (errno != EINTR) return refused("pread", "read " + quote(blob.name), errno);
  }
}

Result<std::string> read_whole(const Blob& blob, std::uint64_t limit) {
  if (blob.size > limit)
    return Error{Blame::image,
                 "read " + quote(blob.name) + ": it is larger than " + size_text(limit)};
  std::string bytes(static_cast<std::size_t>(blob.size), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const auto got = read_some(blob, done, bytes.data() + done, bytes.size() - done);
    if (!got) return got.error();
    done += *got;
  }
  if (blob.digest.empty()) return bytes;
  const std::string found = digest_of(bytes);
  if (found != blob.digest) return wrong_digest(blob, found);
  return bytes;
}

Error wrong_digest(const Blob& blob, const std::string& found) {
  return Error{Blame::image,
               "trust " + quote(blob.name) + ": its content is " + found + ", not " + blob.digest,
               {},
               blob.cure.empty() ? "the source is damaged: make or copy it again" : blob.cure};
}

Result<Blob> open_blob(const std::string& path, const std::string& name, int directory) {
  const std::string goal = "read " + quote(name);
  // O_NONBLOCK: a FIFO must not stop us before fstat has seen it.
  UniqueFd fd(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.is_open()) return refused("open", goal, errno);

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) return refused("fstat", goal, errno);
  if (!S_ISREG(info.st_mode)) return Error{Blame::image, goal + ": it is not a regular file"};
  (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // a wish, not a need
  return Blob{std::make_shared<const UniqueFd>(std::move(fd)),
              0,
              static_cast<std::uint64_t>(info.st_size),
              name};
}

}  // namespace berth::source
