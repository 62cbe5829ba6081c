// SPDX-License-Identifier: Apache-2.0
#include "image/serve/find_start.h"

#include "image/read/directory.h"
#include "image/read/file_data.h"
#include "image/read/inode.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace berth::serve {
namespace {

#if defined(__x86_64__)
constexpr std::array<std::string_view, 2> kLoaders{"lib64/ld-linux-x86-64.so.2",
                                                   "lib/ld-musl-x86_64.so.1"};
#elif defined(__aarch64__)
constexpr std::array<std::string_view, 2> kLoaders{"lib/ld-linux-aarch64.so.1",
                                                   "lib/ld-musl-aarch64.so.1"};
#else
#error "add the names of this architecture's loaders"
#endif

constexpr unsigned kMostLinks = 8;  ///< on the way to one file
constexpr std::size_t kDeepest = 16;
constexpr unsigned kSetIds = S_ISUID | S_ISGID;

/// One walk from the root to a file, with all that was met on it.
class Walk {
 public:
  explicit Walk(read::Reader& reader) : reader_(reader) {}

  /// True when `path` leads to a file that can be copied from where it lies.
  bool go(std::string path) {
    if (!go_to_root()) return false;
    while (!path.empty()) {
      const std::size_t end = std::min(path.find('/'), path.size());
      const std::string part = path.substr(0, end);
      path.erase(0, end + 1);
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        if (way_.size() > 1) way_.pop_back();  // the root is above itself
      } else if (!step(part, path)) {
        return false;
      }
    }
    return !met_.empty() && met_.back().kind == StartFile::Kind::file;
  }

  /// The directory of the file, with a slash, or nothing.
  [[nodiscard]] std::string folder() const { return way_.back().path; }

  [[nodiscard]] const std::vector<StartFile>& met() const { return met_; }

 private:
  bool go_to_root() {
    way_.assign(1, {});
    return read_inode(reader_, reader_.image().super.root, way_[0].inode) == 0;
  }

  /// Enters `part` of the current directory. A link's target is put in front of `rest`.
  bool step(const std::string& part, std::string& rest) {
    if (way_.size() > kDeepest) return false;
    read::DirectoryEntry entry;
    read::Inode inode;
    if (find_entry(reader_, way_.back().inode, part, entry) != 0) return false;
    if (read_inode(reader_, entry.reference, inode) != 0) return false;
    StartFile file{folder() + part,
                   StartFile::Kind::directory,
                   static_cast<std::uint16_t>(inode.mode & 01777U),
                   inode.mtime};
    if (inode.is(S_IFLNK)) return follow(inode, file, rest);
    if (inode.is(S_IFREG)) return rest.empty() && take(inode, file);
    if (!inode.is(S_IFDIR) || (inode.mode & kSetIds) != 0) return false;
    met_.push_back(file);
    way_.push_back({inode, file.path + "/"});
    return true;
  }

  bool follow(const read::Inode& inode, StartFile& file, std::string& rest) {
    if (++links_ > kMostLinks || read_link(reader_, inode, file.target) != 0) return false;
    file.kind = StartFile::Kind::link;
    met_.push_back(file);
    rest = file.target + "/" + rest;
    while (rest.ends_with('/'))
      rest.pop_back();
    return !file.target.starts_with('/') || go_to_root();
  }

  bool take(const read::Inode& inode, StartFile& file) {
    const auto place = find_plain_bytes(reader_, inode);
    if (!place || (inode.mode & kSetIds) != 0 || inode.links != 1) return false;
    file.kind = StartFile::Kind::file;
    file.offset = *place;
    file.size = inode.size;
    met_.push_back(file);
    return true;
  }

  struct Place {
    read::Inode inode;
    std::string path;  ///< with a slash at its end; of the root, nothing
  };

  read::Reader& reader_;
  std::vector<Place> way_;  ///< from the root to here
  unsigned links_ = 0;
  std::vector<StartFile> met_;
};

/// A link of the root directory that leads to programs, where the image has such a one.
void add_link(read::Reader& reader, const char* name, std::vector<StartFile>& files) {
  read::Inode inode;
  StartFile file{name, StartFile::Kind::link};
  if (find_path(reader, name, inode) != 0 || !inode.is(S_IFLNK)) return;
  if (read_link(reader, inode, file.target) != 0) return;
  file.mode = 0777;
  file.mtime = inode.mtime;
  files.push_back(std::move(file));
}

/// Adds what a successful walk met and others did not, as long as there is room for all of it.
void add(std::vector<StartFile>& files, const std::vector<StartFile>& more) {
  std::vector<StartFile> all = files;
  for (const StartFile& file : more)
    if (std::find(all.begin(), all.end(), file) == all.end()) all.push_back(file);
  std::uint64_t bytes = 0;
  for (const StartFile& file : all)
    bytes += std::min(file.size, kMostStartBytes + 1);
  if (all.size() <= kMostStartFiles && bytes <= kMostStartBytes) files = std::move(all);
}

}  // namespace

std::vector<StartFile> find_start_files(read::Reader& reader) {
  std::vector<StartFile> files;
  for (const char* name : {"bin", "sbin"})
    add_link(reader, name, files);
  for (const std::string_view loader : kLoaders) {
    Walk walk(reader);
    if (!walk.go(std::string(loader))) continue;
    add(files, walk.met());
    for (const std::string& path : {walk.folder() + "libc.so.6", std::string("etc/ld.so.cache")}) {
      Walk other(reader);
      if (other.go(path)) add(files, other.met());
    }
  }
  return files;
}

}  // namespace berth::serve
