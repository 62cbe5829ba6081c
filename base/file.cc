// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>

namespace berth {

namespace {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A hidden name beside the target that no other process uses: pid and a counter.
std::string hidden_name_for(const std::string& target) {
  static std::atomic<unsigned> count{0};  // several threads write files
  const std::size_t slash = target.rfind('/');
  const std::string name = slash == std::string::npos ? target : target.substr(slash + 1);
  return directory_of(target) + "/." + name + "." + std::to_string(::getpid()) + "." +
         std::to_string(count++);
}

Status rename_over(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return Done{};
  return refused("rename", "write " + quote(to), errno);
}

/// Refused with EEXIST where there is something. NFS has no RENAME_NOREPLACE, but links.
Status rename_anew(const std::string& from, const std::string& to) {
  const std::string goal = "write " + quote(to);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return Done{};
  if (errno != EINVAL) return refused("renameat2", goal, errno);
  if (::link(from.c_str(), to.c_str()) != 0) return refused("link", goal, errno);
  (void)::unlink(from.c_str());  // a second name, which does no harm
  return Done{};
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t limit, int directory) {
  const std::string goal = "read " + quote(path);
  const UniqueFd fd(
      ::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.is_open()) return refused("open", goal, errno);
  return read_text(fd.get(), limit, goal);
}

Result<std::string> read_text(int fd, std::size_t limit, const std::string& goal) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return refused("fstat", goal, errno);
  if (!S_ISREG(info.st_mode)) return Error{Blame::config, goal + ": it is not a regular file"};
  std::string text;
  std::array<char, 16384> piece;
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused("read", goal, errno);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > limit)
      return Error{Blame::config, goal + ": it is larger than " + size_text(limit)};
  }
}

int write_fully(int fd, const char* bytes, std::size_t count) noexcept {
  while (count > 0) {
    const ssize_t put = ::write(fd, bytes, count);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    bytes += put;
    count -= static_cast<std::size_t>(put);
  }
  return 0;
}

int sync_folder_of(const std::string& path) noexcept {
  const UniqueFd folder(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // A directory that one may write but not read cannot be synced; its file system does it in time.
  if (!folder.is_open()) return errno == EACCES ? 0 : errno;
  if (::fsync(folder.get()) == 0 || errno == EINVAL) return 0;  // EINVAL: there is no such thing
  return errno;
}

Result<FileBeingWritten> FileBeingWritten::create(const std::string& target) {
  const std::string goal = "write " + quote(target);
  UniqueFd fd(::open(directory_of(target).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  if (fd.is_open()) return FileBeingWritten(std::move(fd), target, {});
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
    return refused("open", goal, errno);
  std::string hidden = hidden_name_for(target);
  fd.reset(::open(hidden.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd.is_open()) return refused("open", goal, errno);
  return FileBeingWritten(std::move(fd), target, std::move(hidden));
}

FileBeingWritten::~FileBeingWritten() {
  if (fd_.is_open() && !hidden_.empty())
    (void)::unlink(hidden_.c_str());  // best effort: it may be gone
}

Status FileBeingWritten::commit(Existing existing) {
  const std::string goal = "write " + quote(target_);
  if (::fdatasync(fd_.get()) != 0) return refused("fdatasync", goal, errno);
  const bool is_kept = existing == Existing::kept;
  if (hidden_.empty()) {
    // linkat cannot replace a name; where it must, the file is renamed from a hidden one.
    const std::string name = is_kept ? target_ : hidden_name_for(target_);
    const std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return refused("linkat", goal, errno);
    if (!is_kept) hidden_ = name;
  }
  if (!hidden_.empty())
    BERTH_TRY(is_kept ? rename_anew(hidden_, target_) : rename_over(hidden_, target_));
  hidden_.clear();
  fd_.reset();
  if (const int error = sync_folder_of(target_); error != 0) return refused("fsync", goal, error);
  return Done{};
}

}  // namespace berth
