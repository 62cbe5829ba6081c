// SPDX-License-Identifier: Apache-2.0
#include "image/store/shelf.h"

#include "base/text.h"
#include "image/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace berth::store {

namespace {

constexpr std::string_view kAnchor = ".sha256-";
constexpr std::string_view kDigest = "sha256:";
constexpr std::size_t kOriginLimit = 64UL * 1024;
constexpr std::int64_t kHour = 3600;

using Inode = std::pair<dev_t, ino_t>;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { (void)::closedir(folder); }  // only ever read
};

/// What a folder holds, hidden files too.
class Folder {
 public:
  struct File {
    std::string name;
    struct stat info;
  };

  static Result<Folder> read(const std::string& path) {
    const std::unique_ptr<DIR, CloseFolder> open(::opendir(path.c_str()));
    if (!open && errno == ENOENT) return Folder();
    if (!open) return refused("opendir", "list the images in " + quote(path), errno);
    Folder folder;
    while (const dirent* entry =
               ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
      File file{entry->d_name, {}};
      if (::fstatat(::dirfd(open.get()), entry->d_name, &file.info, 0) == 0 &&
          S_ISREG(file.info.st_mode))
        folder.files_.push_back(std::move(file));
    }
    return folder;
  }

  [[nodiscard]] const std::vector<File>& files() const { return files_; }

 private:
  std::vector<File> files_;
};

Inode inode_of(const struct stat& info) {
  return {info.st_dev, info.st_ino};
}

std::optional<struct stat> find_file(const std::string& path) {
  struct stat info {};

  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// The hidden name that bytes have by their digest.
std::string anchor_for(const std::string& folder, const std::string& digest) {
  return folder + "/" + std::string(kAnchor) + digest.substr(kDigest.size());
}

std::string digest_of_anchor(const std::string& name) {
  return std::string(kDigest) + name.substr(kAnchor.size());
}

std::string origin_path(const std::string& path) {
  return folder_of(path) + "/." + path.substr(path.rfind('/') + 1) + ".origin";
}

/// Two lines and the rest; an origin of other bytes than `digest` counts for nothing.
Origin read_origin(const std::string& path, const std::string& digest) {
  Origin origin{digest, {}, {}};
  const auto text = read_text_file(origin_path(path), kOriginLimit);
  if (!text || digest.empty()) return origin;
  const std::size_t first = text->find('\n');
  const std::size_t second = first == std::string::npos ? first : text->find('\n', first + 1);
  if (second == std::string::npos || text->substr(0, first) != digest) return origin;
  origin.fingerprint = text->substr(first + 1, second - first - 1);
  origin.source = text->substr(second + 1);
  return origin;
}

Status write_origin(const std::string& path, const Origin& origin) {
  auto file = FileBeingWritten::create(origin_path(path));
  if (!file) return std::move(file.error());
  const std::string text = origin.digest + "\n" + origin.fingerprint + "\n" + origin.source;
  if (const int error = write_fully(file->fd(), text.data(), text.size()); error != 0)
    return refused("write", "write " + quote(origin_path(path)), error);
  return file->commit();
}

Stored stored_as(const std::string& folder,
                 const Folder::File& file,
                 const std::map<Inode, std::string>& digests) {
  Stored image;
  image.name = name_of_file(file.name);
  image.path = folder + "/" + file.name;
  image.size = static_cast<std::uint64_t>(file.info.st_size);
  image.created = file.info.st_mtim.tv_sec;
  const auto digest = digests.find(inode_of(file.info));
  image.origin = read_origin(image.path, digest == digests.end() ? "" : digest->second);
  return image;
}

std::map<Inode, std::string> digests_in(const Folder& folder) {
  std::map<Inode, std::string> digests;
  for (const Folder::File& file : folder.files()) {
    if (file.name.starts_with(kAnchor) && file.name.size() == kAnchor.size() + 64)
      digests[inode_of(file.info)] = digest_of_anchor(file.name);
  }
  return digests;
}

bool has_same_bytes(int fd, const std::string& path) {
  const UniqueFd other(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!other.is_open()) return false;
  std::vector<char> ours(1UL << 20);
  std::vector<char> theirs(ours.size());
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(fd, ours.data(), ours.size(), at);
    if (got < 0) return false;
    const ssize_t found = ::pread(other.get(), theirs.data(), theirs.size(), at);
    if (found != got || std::memcmp(ours.data(), theirs.data(), static_cast<std::size_t>(got)) != 0)
      return false;
    if (got == 0) return true;
    at += got;
  }
}

/// Some file systems have no second names for a file.
bool says_no_links(int error) {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
}

/// Gives the file at `from` the second name `to`. 0 or an errno.
int link_as(const std::string& from, const std::string& to, FileBeingWritten::Existing existing) {
  if (existing == FileBeingWritten::Existing::kept)
    return ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  const std::string hidden =
      folder_of(to) + "/." + to.substr(to.rfind('/') + 1) + "." + std::to_string(::getpid()) + ".0";
  (void)::unlink(hidden.c_str());  // of a process that had our number before
  if (::link(from.c_str(), hidden.c_str()) != 0) return errno;
  const int error = ::rename(hidden.c_str(), to.c_str()) == 0 ? 0 : errno;
  (void)::unlink(hidden.c_str());  // rename(2) leaves it when both are the same file
  return error;
}

/// Takes the digest's name off bytes that nothing else names any more. What was freed.
std::uint64_t drop_anchor(const std::string& folder_path, const Inode& inode) {
  const auto folder = Folder::read(folder_path);
  if (!folder) return 0;
  for (const Folder::File& file : folder->files()) {
    if (!file.name.starts_with(kAnchor) || inode_of(file.info) != inode || file.info.st_nlink != 1)
      continue;
    if (::unlink((folder_path + "/" + file.name).c_str()) == 0)
      return static_cast<std::uint64_t>(file.info.st_size);
  }
  return 0;
}

/// Gives the finished bytes the name of their digest. True when that file was there already, so
/// that `file` still is ours.
Result<bool> anchor(FileBeingWritten& file, const std::string& path) {
  using Existing = FileBeingWritten::Existing;
  file.set_target(path);
  Status placed = file.commit(Existing::kept);
  if (placed) return false;
  if (!placed.error().refusal || placed.error().refusal->number != EEXIST)
    return std::move(placed.error());
  if (has_same_bytes(file.fd(), path)) return true;
  // It has been damaged since. Names that share it keep it; verify will tell.
  BERTH_TRY(file.commit(Existing::replaced));
  return false;
}

/// 0 or the errno why there is no name `path` for the bytes at `from`.
Result<int> name_it(FileBeingWritten& file,
                    const std::string& from,
                    const std::string& path,
                    FileBeingWritten::Existing existing) {
  constexpr int kTries = 10;
  int error = 0;
  for (int i = 0; i < kTries; ++i) {
    const auto is_known = anchor(file, from);
    if (!is_known) return is_known.error();
    error = link_as(from, path, existing);
    // Somebody removed the last other name of these bytes in between.
    if (error == ENOENT && *is_known) continue;
    if (!says_no_links(error)) return error;
    if (!*is_known) {
      const unsigned flags = existing == FileBeingWritten::Existing::kept ? RENAME_NOREPLACE : 0;
      return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), flags) == 0 ? 0 : errno;
    }
    file.set_target(path);
    BERTH_TRY(file.commit(existing));
    return 0;
  }
  return error;
}

/// ".NAME.sqsh.PID.COUNT", as files are called while they are written.
bool is_being_written(const std::string& name) {
  if (!name.starts_with('.')) return false;
  const std::vector<std::string> parts = split(name, '.');
  const auto is_number = [](const std::string& part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
  };
  return parts.size() >= 4 && is_number(parts.back()) && is_number(parts[parts.size() - 2]);
}

}  // namespace

Result<std::vector<Stored>> read_listing(const std::string& folder) {
  const auto files = Folder::read(folder);
  if (!files) return files.error();
  const auto digests = digests_in(*files);
  std::vector<Stored> images;
  for (const Folder::File& file : files->files()) {
    if (!name_of_file(file.name).empty()) images.push_back(stored_as(folder, file, digests));
  }
  std::sort(images.begin(), images.end(), [](const Stored& a, const Stored& b) {
    return a.name < b.name;
  });
  return images;
}

Result<Stored> read_stored(const std::string& path) {
  const std::string goal = "read " + quote(path);
  Folder::File file{path.substr(path.rfind('/') + 1), {}};
  if (::stat(path.c_str(), &file.info) != 0) return refused("stat", goal, errno);
  const auto files = Folder::read(folder_of(path));
  if (!files) return files.error();
  return stored_as(folder_of(path), file, digests_in(*files));
}

Result<std::string> read_digest(int fd, const std::string& path) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return refused("fstat", "read " + quote(path), errno);
  const auto files = Folder::read(path.find('/') == std::string::npos ? "." : folder_of(path));
  if (!files) {
    // One may be allowed to open the images in a folder and not to list them.
    if (files.error().refusal && files.error().refusal->number == EACCES) return std::string();
    return files.error();
  }
  const auto digests = digests_in(*files);
  const auto found = digests.find(inode_of(info));
  return found == digests.end() ? std::string() : found->second;
}

Status keep(FileBeingWritten& file,
            const std::string& path,
            const Origin& origin,
            FileBeingWritten::Existing existing) {
  const std::string goal = "write " + quote(path);
  const auto before = find_file(path);
  const std::string from = anchor_for(folder_of(path), origin.digest);
  const auto error = name_it(file, from, path, existing);
  const auto after = find_file(from);
  if (!error || *error != 0) {
    if (after) (void)drop_anchor(folder_of(path), inode_of(*after));  // only if nothing names it
    return error ? refused("link", goal, *error) : error.error();
  }
  BERTH_TRY(write_origin(path, origin));
  if (before && after && inode_of(*before) != inode_of(*after))
    (void)drop_anchor(folder_of(path), inode_of(*before));  // only if nothing else names it
  if (const int failed = sync_folder_of(path); failed != 0) return refused("fsync", goal, failed);
  return Done{};
}

Result<std::uint64_t> remove(const std::string& path) {
  const std::string goal = "remove " + quote(path);
  const auto info = find_file(path);
  if (::unlink(path.c_str()) != 0) return refused("unlink", goal, errno);
  (void)::unlink(origin_path(path).c_str());  // without the image it says nothing
  std::uint64_t freed = 0;
  if (info)
    freed = info->st_nlink == 1 ? static_cast<std::uint64_t>(info->st_size)
                                : drop_anchor(folder_of(path), inode_of(*info));
  if (const int failed = sync_folder_of(path); failed != 0) return refused("fsync", goal, failed);
  return freed;
}

void sweep(const std::string& folder) {
  const auto files = Folder::read(folder);
  if (!files) return;
  const std::int64_t now = ::time(nullptr);
  for (const Folder::File& file : files->files()) {
    const bool is_unnamed = file.name.starts_with(kAnchor) && file.info.st_nlink == 1;
    if ((is_unnamed || is_being_written(file.name)) && file.info.st_ctim.tv_sec + kHour < now &&
        file.info.st_mtim.tv_sec + kHour < now)
      (void)::unlink((folder + "/" + file.name).c_str());  // if it does not go, it does no harm
  }
}

}  // namespace berth::store
