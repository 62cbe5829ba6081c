// SPDX-License-Identifier: Apache-2.0
#include "image/layers/folder.h"

#include "base/text.h"
#include "image/layers/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace berth::layers {

namespace {

constexpr std::size_t kPiece = 512UL * 1024;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { (void)::closedir(folder); }  // only ever read
};

Kind kind_of(const struct stat& info) {
  switch (info.st_mode & S_IFMT) {
    case S_IFDIR:
      return Kind::directory;
    case S_IFLNK:
      return Kind::symlink;
    case S_IFIFO:
      return Kind::fifo;
    case S_IFSOCK:
      return Kind::socket;
    case S_IFREG:
      return Kind::file;
    default:
      return Kind::device;
  }
}

void apply_stat(const struct stat& info, Entry& entry) {
  entry.kind = kind_of(info);
  entry.attributes = {static_cast<std::uint16_t>(info.st_mode & 07777U),
                      info.st_uid,
                      info.st_gid,
                      mtime_of(info.st_mtim.tv_sec)};
  entry.size = entry.kind == Kind::file ? static_cast<std::uint64_t>(info.st_size) : 0;
}

/// An attribute of overlayfs' own, which it has in one of two places; empty when there is none.
std::string read_overlay_xattr(int fd, const std::string& name) {
  std::array<char, 256> value{};
  for (const char* space : {"user.overlay.", "trusted.overlay."}) {
    const std::string key = space + name;
    const ssize_t size = ::fgetxattr(fd, key.c_str(), value.data(), value.size());
    if (size >= 0) return "=" + std::string(value.data(), static_cast<std::size_t>(size));
    if (errno == ERANGE) return "=...";
  }
  return {};
}

bool is_of_overlay(const std::string& name) {
  return name.starts_with("user.overlay.") || name.starts_with("trusted.overlay.");
}

/// What the file system tells; one without xattrs, or that hides them, has none.
void read_xattrs(int fd, Xattrs kept, Folder meaning, Entry& entry) {
  std::vector<char> list(64UL * 1024);  // XATTR_LIST_MAX
  const ssize_t length = ::flistxattr(fd, list.data(), list.size());
  std::vector<char> value(64UL * 1024);  // XATTR_SIZE_MAX
  for (ssize_t at = 0; at < length;) {
    const std::string name = &list[static_cast<std::size_t>(at)];
    at += static_cast<ssize_t>(name.size()) + 1;
    if (meaning == Folder::upper && is_of_overlay(name)) continue;  // is no file's own
    const ssize_t size =
        is_kept(name, kept) ? ::fgetxattr(fd, name.c_str(), value.data(), value.size()) : -1;
    if (size < 0) {
      ++entry.attributes.lost_xattrs;
      continue;
    }
    entry.attributes.xattrs.emplace_back(name,
                                         std::string(value.data(), static_cast<std::size_t>(size)));
  }
  std::sort(entry.attributes.xattrs.begin(), entry.attributes.xattrs.end());
}

}  // namespace

FolderStream::FolderStream(
    UniqueFd folder, std::string name, Xattrs xattrs, Folder meaning, std::set<std::string> mounts)
    : name_(std::move(name)),
      xattrs_(xattrs),
      meaning_(meaning),
      mounts_(std::move(mounts)),
      root_(std::move(folder)),
      bytes_(kPiece) {}

std::string FolderStream::goal_for(const std::string& path) const {
  return "read " + quote(path.empty() ? name_ : name_ + "/" + path);
}

Status FolderStream::enter(UniqueFd fd, const std::string& path) {
  const std::unique_ptr<DIR, CloseFolder> open(::fdopendir(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)));
  if (!open) return refused("fdopendir", goal_for(path), errno);
  Level level{std::move(fd), path, {}};
  errno = 0;
  while (const dirent* item = ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string name = item->d_name;
    if (name != "." && name != "..") level.names.push_back(name);
    errno = 0;
  }
  if (errno != 0) return refused("readdir", goal_for(path), errno);
  std::sort(level.names.rbegin(), level.names.rend());
  levels_.push_back(std::move(level));
  return Done{};
}

Result<bool> FolderStream::read_root(Entry& entry) {
  struct stat info {};

  if (::fstat(root_.get(), &info) != 0) return refused("fstat", goal_for(""), errno);
  entry = {};
  apply_stat(info, entry);
  info_ = info;
  if (meaning_ == Folder::upper) {
    if (const auto is_there = read_overlay(root_.get(), entry); !is_there) return is_there.error();
  }
  read_xattrs(root_.get(), xattrs_, meaning_, entry);
  BERTH_TRY(enter(std::move(root_), ""));
  return true;
}

Result<bool> FolderStream::next(Entry& entry) {
  file_.reset();
  unreadable_.reset();
  if (root_.is_open()) return read_root(entry);
  while (true) {
    while (!levels_.empty() && levels_.back().names.empty())
      levels_.pop_back();
    if (levels_.empty()) return false;
    const std::string name = std::move(levels_.back().names.back());
    levels_.back().names.pop_back();
    auto is_there = read_entry(levels_.back(), name, entry);
    if (!is_there || *is_there) return is_there;
  }
}

/// False for what is no entry but says that one is deleted.
Result<bool> FolderStream::read_entry(const Level& level, const std::string& name, Entry& entry) {
  entry = {};
  auto path = parse_path(level.path.empty() ? name : level.path + "/" + name);
  if (!path) return std::move(path.error());
  entry.path = std::move(*path);

  struct stat info {};

  if (mounts_.contains(entry.path)) return false;
  if (::fstatat(level.fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return refused("fstatat", goal_for(entry.path), errno);
  if (meaning_ == Folder::upper && S_ISCHR(info.st_mode) && info.st_rdev == 0) {
    marks_.push_back({Mark::Kind::whiteout, entry.path});
    return false;
  }
  apply_stat(info, entry);
  info_ = info;
  if (entry.kind != Kind::directory && info.st_nlink > 1 && meaning_ != Folder::container) {
    const auto [first, is_new] = linked_.try_emplace({info.st_dev, info.st_ino}, entry.path);
    if (!is_new) {
      entry.kind = Kind::hard_link;
      entry.target = first->second;
      return true;
    }
  }
  if (entry.kind == Kind::directory || entry.kind == Kind::file)
    return open_entry(level, name, entry);
  if (entry.kind != Kind::symlink) return true;
  const ssize_t length = ::readlinkat(level.fd.get(), name.c_str(), bytes_.data(), bytes_.size());
  if (length < 0) return refused("readlinkat", goal_for(entry.path), errno);
  entry.target.assign(bytes_.data(), static_cast<std::size_t>(length));
  return true;
}

/// What overlayfs has noted at an entry of an upper directory; false for a whiteout.
Result<bool> FolderStream::read_overlay(int fd, const Entry& entry) {
  const std::string hint = "mount the overlay with redirect_dir=off, metacopy=off and index=off";
  const auto refuse = [&](const std::string& why) {
    return Error{Blame::host, goal_for(entry.path) + ": " + why, {}, hint};
  };
  if (!read_overlay_xattr(fd, "redirect").empty())
    return refuse("it has been renamed, and its content is in a lower directory");
  if (!read_overlay_xattr(fd, "metacopy").empty())
    return refuse("its content is in a lower directory");
  if (entry.kind == Kind::file && !read_overlay_xattr(fd, "nlink").empty())
    return refuse("other names of it are in a lower directory");
  // Linux 6.7 and later also know files that are whiteouts.
  const bool is_whiteout = entry.kind == Kind::file && !read_overlay_xattr(fd, "whiteout").empty();
  const bool is_opaque = entry.kind == Kind::directory && read_overlay_xattr(fd, "opaque") == "=y";
  if (is_whiteout) marks_.push_back({Mark::Kind::whiteout, entry.path});
  if (is_opaque) marks_.push_back({Mark::Kind::opaque, entry.path});
  return !is_whiteout;
}

Result<bool> FolderStream::open_entry(const Level& level, const std::string& name, Entry& entry) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::openat(level.fd.get(), name.c_str(), kFlags));
  if (!fd.is_open()) {
    const int error = errno;
    const Error refusal = refused("openat", goal_for(entry.path), error);
    if (error != EACCES || meaning_ != Folder::container || entry.kind != Kind::file)
      return refusal;
    unreadable_ = refusal;
    return true;
  }

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) return refused("fstat", goal_for(entry.path), errno);
  if (kind_of(info) != entry.kind)
    return Error{Blame::host, goal_for(entry.path) + ": it changes while it is read"};
  if (entry.kind == Kind::file && static_cast<std::uint64_t>(info.st_size) > kLargestFile)
    return Error{Blame::host, goal_for(entry.path) + ": it is larger than 4 TiB"};
  if (meaning_ == Folder::upper) {
    auto is_there = read_overlay(fd.get(), entry);
    if (is_there && !*is_there) linked_.erase({info.st_dev, info.st_ino});
    if (!is_there || !*is_there) return is_there;
  }
  read_xattrs(fd.get(), xattrs_, meaning_, entry);
  if (entry.kind == Kind::directory) {
    BERTH_TRY(enter(std::move(fd), entry.path));
    return true;
  }
  file_ = std::move(fd);
  return true;
}

Status FolderStream::rewind() {
  if (::lseek(file_.get(), 0, SEEK_SET) == 0) return Done{};
  return refused("lseek", "read a file in " + quote(name_), errno);
}

Result<std::string_view> FolderStream::data() {
  if (unreadable_) return *unreadable_;
  while (file_.is_open()) {
    const ssize_t got = ::read(file_.get(), bytes_.data(), bytes_.size());
    if (got >= 0) return std::string_view(bytes_.data(), static_cast<std::size_t>(got));
    if (errno != EINTR) return refused("read", "read a file in " + quote(name_), errno);
  }
  return std::string_view();
}

}  // namespace berth::layers
