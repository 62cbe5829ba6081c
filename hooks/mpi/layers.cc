// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "hooks/mpi/tree.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/read/reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <span>

namespace berth::hooks {

namespace {

class Directory : public Layer {
 public:
  explicit Directory(int fd) : fd_(fd) {}

  Entry look(const std::string& path) override {
    const UniqueFd file = open(path, O_PATH | O_NOFOLLOW);

    struct stat info {};

    if (!file.is_open() || ::fstat(file.get(), &info) != 0) return {};
    if (S_ISREG(info.st_mode)) return {Entry::Kind::file};
    if (S_ISDIR(info.st_mode)) return {Entry::Kind::directory};
    if (!S_ISLNK(info.st_mode)) return {Entry::Kind::other};
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(file.get(), "", target.data(), target.size());
    if (size < 0) return {Entry::Kind::other};
    return {Entry::Kind::link, {target.data(), static_cast<std::size_t>(size)}};
  }

  std::vector<std::string> names_in(const std::string& path) override {
    std::vector<std::string> names;
    UniqueFd file = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR* directory = file.is_open() ? ::fdopendir(file.get()) : nullptr;
    if (directory == nullptr) return names;
    (void)file.release();  // closed with the directory
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, and a directory of its own
    while (const dirent* entry = ::readdir(directory)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    (void)::closedir(directory);  // only read
    return names;
  }

  std::string read(const std::string& path, std::uint64_t offset, std::size_t size) override {
    std::string bytes;
    if (offset > INT64_MAX / 2) return bytes;
    if (path != open_path_) {
      open_ = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
      open_path_ = path;
    }
    bytes.resize(size);
    const ssize_t count = ::pread(open_.get(), bytes.data(), size, static_cast<off_t>(offset));
    bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return bytes;
  }

 private:
  [[nodiscard]] UniqueFd open(const std::string& path, unsigned flags) const {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, fd_, path.c_str(), &how, sizeof how)));
  }

  int fd_;
  std::string open_path_;  ///< a file is read in pieces
  UniqueFd open_;
};

class Squash : public Layer {
 public:
  Squash(int fd, const read::Superblock& superblock) : image_(fd, superblock), reader_(image_) {}

  Entry look(const std::string& path) override {
    read::Inode inode;
    if (!find(path, inode)) return {};
    if (inode.is(S_IFREG)) return {Entry::Kind::file};
    if (inode.is(S_IFDIR)) return {Entry::Kind::directory};
    std::string target;
    if (!inode.is(S_IFLNK) || read::read_link(reader_, inode, target) != 0)
      return {Entry::Kind::other};
    return {Entry::Kind::link, target};
  }

  std::vector<std::string> names_in(const std::string& path) override {
    std::vector<std::string> names;
    read::Inode inode;
    if (!find(path, inode) || !inode.is(S_IFDIR)) return names;
    read::Listing listing(reader_, inode);
    read::DirectoryEntry entry;
    while (names.size() < kMostNames && listing.next(entry) == 0)
      names.emplace_back(entry.name());
    return names;
  }

  std::string read(const std::string& path, std::uint64_t offset, std::size_t size) override {
    std::string bytes;
    if (path != open_path_) {
      is_open_ = find(path, open_) && open_.is(S_IFREG);
      open_path_ = path;
    }
    if (!is_open_) return bytes;
    bytes.resize(size);
    std::size_t got = 0;
    const auto out = std::as_writable_bytes(std::span(bytes));
    bytes.resize(read::read_file(reader_, open_, offset, out, got) == 0 ? got : 0);
    return bytes;
  }

 private:
  static constexpr std::size_t kMostNames = 65536;

  bool find(const std::string& path, read::Inode& inode) {
    return read::find_path(reader_, std::string_view(path).substr(1), inode) == 0;
  }

  read::Image image_;
  read::Reader reader_;
  std::string open_path_;
  read::Inode open_;
  bool is_open_ = false;
};

}  // namespace

std::unique_ptr<Layer> layer_of_directory(int fd) {
  return std::make_unique<Directory>(fd);
}

Result<std::unique_ptr<Layer>> layer_of_image(int fd) {
  const auto superblock = read::read_superblock(fd, "the image");
  if (!superblock) return superblock.error();
  return std::unique_ptr<Layer>(std::make_unique<Squash>(fd, *superblock));
}

}  // namespace berth::hooks
