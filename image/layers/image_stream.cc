// SPDX-License-Identifier: Apache-2.0
#include "image/layers/image_stream.h"

#include "base/text.h"
#include "image/layers/path.h"
#include "image/read/attributes.h"
#include "image/read/file_data.h"

#include <algorithm>
#include <cerrno>
#include <span>

namespace berth::layers {

namespace {

constexpr std::size_t kPiece = 1UL << 20;

Kind kind_of(const read::Inode& inode) {
  switch (inode.mode & S_IFMT) {
    case S_IFDIR:
      return Kind::directory;
    case S_IFREG:
      return Kind::file;
    case S_IFLNK:
      return Kind::symlink;
    case S_IFIFO:
      return Kind::fifo;
    case S_IFSOCK:
      return Kind::socket;
    default:
      return Kind::device;
  }
}

}  // namespace

ImageStream::ImageStream(const source::Blob& blob,
                         const read::Superblock& super,
                         Xattrs xattrs,
                         const integrity::Tree& tree)
    : blob_(blob),
      xattrs_(xattrs),
      image_(blob_.file->get(), super, blob_.offset, tree),
      reader_(image_),
      bytes_(kPiece) {}

Error ImageStream::damaged(const std::string& path) const {
  return Error{Blame::image,
               "read " + quote("/" + path) + " in " + quote(blob_.name) + ": it is damaged",
               {},
               "make or copy the image again"};
}

Status ImageStream::enter(const read::Inode& inode, const std::string& path) {
  if (!entered_.insert(inode.reference).second) return damaged(path);  // it would be in itself
  auto level = std::make_unique<Level>(Level{path, inode, nullptr});
  level->listing = std::make_unique<read::Listing>(reader_, level->inode);
  levels_.push_back(std::move(level));
  return Done{};
}

Status ImageStream::apply_attributes(const read::Inode& inode, Entry& entry) {
  std::vector<read::Xattr> xattrs;
  Attributes& to = entry.attributes;
  to.mode = static_cast<std::uint16_t>(inode.mode & 07777U);
  to.mtime = inode.mtime;
  if (read::read_id(reader_, inode.uid_index, to.uid) != 0 ||
      read::read_id(reader_, inode.gid_index, to.gid) != 0 ||
      read::read_xattrs(reader_, inode, xattrs) != 0)
    return damaged(entry.path);
  for (read::Xattr& xattr : xattrs) {
    if (is_kept(xattr.first, xattrs_)) {
      to.xattrs.push_back(std::move(xattr));
    } else {
      ++to.lost_xattrs;
    }
  }
  std::sort(to.xattrs.begin(), to.xattrs.end());
  return Done{};
}

Status ImageStream::read_entry(std::uint64_t reference, Entry& entry) {
  read::Inode inode;
  if (read::read_inode(reader_, reference, inode) != 0) return damaged(entry.path);
  entry.kind = kind_of(inode);
  reference_ = reference;
  BERTH_TRY(apply_attributes(inode, entry));
  if (entry.kind != Kind::directory && inode.links > 1) {
    const auto [first, is_new] = linked_.try_emplace(reference, entry.path);
    if (!is_new) {
      entry.kind = Kind::hard_link;
      entry.target = first->second;
      return Done{};
    }
  }
  if (entry.kind == Kind::directory) return enter(inode, entry.path);
  if (entry.kind == Kind::symlink && read::read_link(reader_, inode, entry.target) != 0)
    return damaged(entry.path);
  if (entry.kind != Kind::file) return Done{};
  entry.size = inode.size;
  file_ = inode;
  file_path_ = entry.path;
  return Done{};
}

Result<bool> ImageStream::next(Entry& entry) {
  entry = {};
  file_ = {};
  position_ = 0;
  if (!is_begun_) {
    is_begun_ = true;
    if (image_.checked.is_on() && !reader_.has_superblock()) return damaged("");
    BERTH_TRY(read_entry(image_.super.root, entry));
    if (entry.kind != Kind::directory) return damaged("");
    return true;
  }
  while (!levels_.empty()) {
    Level& level = *levels_.back();
    read::DirectoryEntry item;
    const int error = level.listing->next(item);
    if (error == ENOENT) {
      levels_.pop_back();
      continue;
    }
    if (error != 0) return damaged(level.path);
    auto path = parse_path((level.path.empty() ? "" : level.path + "/") + std::string(item.name()));
    if (!path) return std::move(path.error());
    entry.path = std::move(*path);
    BERTH_TRY(read_entry(item.reference, entry));
    return true;
  }
  return false;
}

Status ImageStream::go_to(std::uint64_t reference, const std::string& path) {
  position_ = 0;
  file_path_ = path;
  if (read::read_inode(reader_, reference, file_) == 0 && file_.is(S_IFREG)) return Done{};
  file_ = {};
  return damaged(path);
}

Result<std::string_view> ImageStream::data() {
  if (position_ >= file_.size) return std::string_view();
  std::size_t got = 0;
  const auto room = std::as_writable_bytes(std::span(bytes_));
  if (read::read_file(reader_, file_, position_, room, got) != 0 || got == 0)
    return damaged(file_path_);
  position_ += got;
  return std::string_view(bytes_.data(), got);
}

}  // namespace berth::layers
