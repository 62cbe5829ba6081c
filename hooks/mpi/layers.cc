// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "hooks/mpi/tree.h"
#include "image/integrity/hash_tree.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/read/reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <span>

namespace berth::hooks {

namespace {

std::string bytes_at(int file, std::uint64_t offset, std::size_t size) {
  std::string bytes;
  if (offset > INT64_MAX / 2) return bytes;
  bytes.resize(size);
  const ssize_t count = ::pread(file, bytes.data(), size, static_cast<off_t>(offset));
  bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return bytes;
}

class File : public Layer {
 public:
  explicit File(int fd) : fd_(fd) {}

  Entry look(const std::string& path) override {
    return {path == "/" ? Entry::Kind::file : Entry::Kind::nothing};
  }

  std::vector<std::string> names_in(const std::string& path) override {
    (void)path;
    return {};
  }

  std::string read(const std::string& path, std::uint64_t offset, std::size_t size) override {
    return path == "/" ? bytes_at(fd_, offset, size) : "";
  }

 private:
  int fd_;
};

class Directory : public Layer {
 public:
  Directory(int fd, bool has_marks) : fd_(fd), has_marks_(has_marks) {}

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
    if (path != open_path_) {
      open_ = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
      open_path_ = path;
    }
    return bytes_at(open_.get(), offset, size);
  }

  bool hides(const std::string& path) override {
    if (!has_marks_) return false;
    for (std::size_t end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1))
      if (is_opaque(path.substr(0, end))) return true;
    return false;
  }

 private:
  [[nodiscard]] bool is_opaque(const std::string& directory) const {
    const UniqueFd file = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    char mark = 0;
    return file.is_open() && ::fgetxattr(file.get(), "user.overlay.opaque", &mark, 1) == 1 &&
           mark == 'y';
  }

  [[nodiscard]] UniqueFd open(const std::string& path, unsigned flags) const {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, fd_, path.c_str(), &how, sizeof how)));
  }

  int fd_;
  bool has_marks_;
  std::string open_path_;  ///< a file is read in pieces
  UniqueFd open_;
};

class Squash : public Layer {
 public:
  Squash(int fd, const read::Superblock& superblock, const integrity::Tree& tree, bool is_sound)
      : image_(fd, superblock, 0, tree),
        reader_(image_),
        is_sound_(is_sound) {
    if (image_.checked.is_on() && !reader_.has_superblock()) is_sound_ = false;
  }

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
    int number = 0;
    while (names.size() < kMostNames && (number = listing.next(entry)) == 0)
      names.emplace_back(entry.name());
    note(number);
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
    const int number = read::read_file(reader_, open_, offset, out, got);
    note(number);
    bytes.resize(number == 0 ? got : 0);
    return bytes;
  }

  [[nodiscard]] bool is_sound() const override { return is_sound_; }

 private:
  static constexpr std::size_t kMostNames = 65536;

  bool find(const std::string& path, read::Inode& inode) {
    const int number = read::find_path(reader_, std::string_view(path).substr(1), inode);
    note(number);
    return number == 0;
  }

  /// Damage, or a disk that fails: nothing is missing for all that.
  void note(int number) {
    if (number != 0 && number != ENOENT && number != ENOTDIR) is_sound_ = false;
  }

  read::Image image_;
  read::Reader reader_;
  std::string open_path_;
  read::Inode open_;
  bool is_open_ = false;
  bool is_sound_;
};

}  // namespace

std::unique_ptr<Layer> layer_of_directory(int fd) {
  return std::make_unique<Directory>(fd, /*has_marks=*/false);
}

std::unique_ptr<Layer> layer_of_changes(int fd) {
  return std::make_unique<Directory>(fd, /*has_marks=*/true);
}

std::unique_ptr<Layer> layer_of_file(int fd) {
  return std::make_unique<File>(fd);
}

Result<std::unique_ptr<Layer>> layer_of_image(int fd, std::uint64_t size) {
  const auto superblock = read::read_superblock_at(fd, 0, size, "the image");
  if (!superblock) return superblock.error();
  integrity::Tree tree;
  const integrity::Flaw flaw = integrity::find_tree(fd, superblock->bytes_used, size, tree);
  // Who serves the image says what is wrong with its tree.
  if (flaw != integrity::Flaw::none) tree = {};
  const bool is_sound = flaw == integrity::Flaw::none;
  return std::unique_ptr<Layer>(std::make_unique<Squash>(fd, *superblock, tree, is_sound));
}

}  // namespace berth::hooks
