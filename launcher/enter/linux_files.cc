// SPDX-License-Identifier: Apache-2.0
// The layer of files that programs start with. It lies on our own scratch file system, where
// nothing of the image's can lead elsewhere: names were checked, and parents are directories that
// we made.
#include "image/serve/serve.h"
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_mounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace berth::enter {

namespace {

Answer answer(Call call, int result) noexcept {
  return {call, result < 0 ? errno : 0};
}

/// Both times are the image's, which keeps one only.
struct Times {
  explicit Times(const StartFile& file) noexcept : both{{file.mtime, 0}, {file.mtime, 0}} {}

  timespec both[2];
};

/// "at/name" in a buffer of PATH_MAX bytes, or false.
bool put_path(char* path, const char* at, const char* name) noexcept {
  if (::strlen(at) + ::strlen(name) + 2 > PATH_MAX) return false;
  put_text(put_text(put_text(path, at), "/"), name);
  return true;
}

/// What the bytes of files go through on their way from the image: the larger, the fewer steps, and
/// the larger the pages that the scratch file system takes for them.
class Pipe {
 public:
  Pipe() noexcept { open(); }

  ~Pipe() { close(); }

  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  Pipe(Pipe&&) = delete;
  Pipe& operator=(Pipe&&) = delete;

  /// Moves the bytes of `file` from the image to `to`. False when refused, or when the image has
  /// become shorter.
  [[nodiscard]] bool copy(int image, const StartFile& file, int to) noexcept {
    if (move(image, file, to)) return true;
    // What is left in it is not for the next file.
    close();
    open();
    return false;
  }

 private:
  void open() noexcept {
    if (::pipe2(ends_, O_CLOEXEC) != 0) ends_[0] = ends_[1] = -1;
    // What a user may have of it without privilege (pipe(7)); it is 64 KiB where that is refused.
    constexpr int kBytes = 1 << 20;
    (void)::fcntl(ends_[0], F_SETPIPE_SZ, kBytes);
  }

  void close() const noexcept {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  [[nodiscard]] bool move(int image, const StartFile& file, int to) const noexcept {
    auto from = static_cast<loff_t>(file.offset);
    std::uint64_t left = file.size;
    while (left > 0) {
      const ssize_t taken = ::splice(image, &from, ends_[1], nullptr, left, 0);
      if (taken < 0 && errno == EINTR) continue;
      if (taken <= 0 || !empty(to, static_cast<std::size_t>(taken))) return false;
      left -= static_cast<std::uint64_t>(taken);
    }
    return true;
  }

  [[nodiscard]] bool empty(int to, std::size_t left) const noexcept {
    while (left > 0) {
      const ssize_t given = ::splice(ends_[0], nullptr, to, nullptr, left, 0);
      if (given < 0 && errno == EINTR) continue;
      if (given <= 0) return false;
      left -= static_cast<std::size_t>(given);
    }
    return true;
  }

  int ends_[2];
};

/// When a file was last written; all zeros where it cannot be told.
timespec time_of(int fd) noexcept {
  struct stat info {};

  return ::fstat(fd, &info) == 0 ? info.st_mtim : timespec{};
}

/// A file that cannot be copied is left out, and then read from the image as every other one.
void make_file(Pipe& pipe, int image, const StartFile& file, const char* path) noexcept {
  if (!may_be_written(file.size)) return;
  const int to = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to < 0) return;
  const Times times(file);
  // The size comes first: large pages are taken only within it (tmpfs(5), "huge").
  const bool is_done = ::ftruncate(to, static_cast<off_t>(file.size)) == 0 &&
                       pipe.copy(image, file, to) && ::fchmod(to, file.mode) == 0 &&
                       ::futimens(to, times.both) == 0;
  ::close(to);
  if (!is_done) (void)::unlink(path);  // ours, just made: cannot fail
}

Answer make_one(Pipe& pipe, int image, const StartFile& file, const char* path) noexcept {
  if (file.kind == StartFile::Kind::directory) return answer(Call::mkdir, ::mkdir(path, 0755));
  if (file.kind == StartFile::Kind::file) {
    make_file(pipe, image, file, path);
    return {};
  }
  const Times times(file);
  const Answer made = answer(Call::symlink, ::symlink(file.target.c_str(), path));
  if (made.number != 0) return made;
  return answer(Call::utimensat, ::utimensat(AT_FDCWD, path, times.both, AT_SYMLINK_NOFOLLOW));
}

/// A regular file, for reading; or -1 with errno. Opening something else may disturb somebody: who
/// waits at the other end of a FIFO, or a device.
int open_regular(int root, const char* path) noexcept {
  const int found = open_in_root(root, path, O_PATH);
  if (found < 0) return found;

  struct stat info {};

  const bool is_regular = ::fstat(found, &info) == 0 && S_ISREG(info.st_mode);
  ::close(found);
  if (is_regular) return open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  errno = EACCES;  // as execve(2)
  return -1;
}

/// Once nothing is made in it any more.
Answer finish_directory(const StartFile& file, const char* path) noexcept {
  (void)::chmod(path, file.mode);  // ours, just made: cannot fail
  const Times times(file);
  return answer(Call::utimensat, ::utimensat(AT_FDCWD, path, times.both, AT_SYMLINK_NOFOLLOW));
}

}  // namespace

Answer LinuxMounts::lay_files(const char* at, const StartFile* files, unsigned count) noexcept {
  char path[PATH_MAX];
  if (::mkdir(at, 0755) != 0) return {Call::mkdir, errno};
  Pipe pipe;
  for (unsigned i = 0; i < count; ++i) {
    if (!put_path(path, at, files[i].path.c_str())) return {Call::open, ENAMETOOLONG};
    const Answer made = make_one(pipe, image_, files[i], path);
    if (made.number != 0) return made;
  }
  for (unsigned i = count; i-- > 0;) {
    if (files[i].kind != StartFile::Kind::directory) continue;
    (void)put_path(path, at, files[i].path.c_str());  // it fitted before
    const Answer done = finish_directory(files[i], path);
    if (done.number != 0) return done;
  }
  return {};
}

Answer LinuxMounts::look_ahead(const LookAhead& wanted) noexcept {
  constexpr std::size_t kBeginning = 128 << 10;
  int program = -1;
  for (const std::string& path : wanted.candidates) {
    if (!path.starts_with('/')) break;
    program = open_regular(root_, path.c_str());
    if (program >= 0 || (errno != ENOENT && errno != ENOTDIR)) break;
  }
  // The first close of a file asks the server whether it minds: now, not behind the reading.
  if (program >= 0) ::close(::fcntl(program, F_DUPFD_CLOEXEC, 0));
  for (const std::string& path : wanted.others) {
    const int found = open_in_root(root_, path.c_str(), O_PATH);
    if (found >= 0) ::close(found);
  }
  if (program < 0) return {};
  (void)::readahead(program, 0, kBeginning);  // best effort: only speed is at stake
  ::close(program);
  return {};
}

Answer LinuxMounts::await_proof() noexcept {
  const int verdict = serve::await_verdict(server_control_);
  if (verdict != 0) return {Call::recv, verdict};
  // We copied, the server compared: what somebody wrote in between may be in the copy alone.
  const timespec now = time_of(image_);
  const bool is_same = now.tv_sec == image_written_.tv_sec && now.tv_nsec == image_written_.tv_nsec;
  return {Call::fstat, is_same ? 0 : EIO};
}

}  // namespace berth::enter
