// SPDX-License-Identifier: Apache-2.0
// A directory in the place of an image is as hostile as one: it may hold whatever a user can make,
// and change while it is read.
#include "base/file.h"
#include "base/text.h"
#include "launcher/enter/image.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::enter {

namespace {

/// The bounds are those of a file's server.
struct Said {
  const char* path;
  std::size_t limit;
  std::string serve::Preview::*text;
};

constexpr std::array<Said, 3> kSaid = {{{".berth/config.json", 1 << 20, &serve::Preview::config},
                                        {"etc/passwd", 256 << 10, &serve::Preview::passwd},
                                        {"etc/group", 256 << 10, &serve::Preview::group}}};

/// -1 with errno.
int open_beneath(int directory, const char* path, std::uint64_t flags) {
  const open_how how{.flags = flags | O_CLOEXEC,
                     .mode = 0,
                     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

bool is_regular(int fd) {
  struct stat info {};

  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/// Empty where no regular file is.
Result<std::string> read_file(int directory, const Said& said, const std::string& goal) {
  // Opening something else may disturb somebody: who waits at a FIFO, or a device.
  const UniqueFd found(open_beneath(directory, said.path, O_PATH));
  if (!found.is_open() && errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != EXDEV)
    return refused("openat2", goal, errno);
  if (!found.is_open() || !is_regular(found.get())) return std::string();
  const UniqueFd file(open_beneath(directory, said.path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) return refused("openat2", goal, errno);
  return read_text(file.get(), said.limit, goal);
}

}  // namespace

Result<serve::Preview> read_directory(int directory, const std::string& name) {
  serve::Preview preview;
  for (const Said& said : kSaid) {
    auto text =
        read_file(directory,
                  said,
                  "use " + quote(name) + " as an image: read " + quote(said.path) + " in it");
    if (!text) {
      text.error().blame = Blame::image;
      return std::move(text.error());
    }
    preview.*said.text = std::move(*text);
  }
  return preview;
}

}  // namespace berth::enter
