// SPDX-License-Identifier: Apache-2.0
#include "image/layers/container.h"

#include "base/text.h"
#include "image/read/file_data.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

namespace berth::layers {

namespace {

constexpr std::size_t kPiece = 512UL * 1024;

/// What berth writes into each container, whatever the image has there.
constexpr std::array<std::string_view, 4> kOwnFiles = {
    "etc/group", "etc/hosts", "etc/passwd", "etc/resolv.conf"};

bool is_passed_over(std::string_view path) {
  return path == ".berth" || path.starts_with(".berth/") ||
         std::find(kOwnFiles.begin(), kOwnFiles.end(), path) != kOwnFiles.end();
}

std::string below(const std::string& folder) {
  return folder.empty() ? folder : folder + "/";
}

/// Owners and attributes that a container cannot see. True when it sees one that was not there.
bool take_hidden(Attributes& now, const Attributes& before) {
  const std::size_t seen = now.xattrs.size();
  for (const auto& xattr : before.xattrs) {
    const auto same = std::find_if(now.xattrs.begin(), now.xattrs.end(), [&](const auto& other) {
      return other.first == xattr.first;
    });
    // Whoever writes a file takes its capabilities away.
    if (same == now.xattrs.end() && xattr.first.starts_with("user.")) now.xattrs.push_back(xattr);
  }
  std::sort(now.xattrs.begin(), now.xattrs.end());
  now.uid = before.uid;
  now.gid = before.gid;
  return seen > 0 && now.xattrs != before.xattrs;
}

}  // namespace

ContainerStream::ContainerStream(UniqueFd root,
                                 const std::string& name,
                                 const ContainerImage& image,
                                 const std::set<std::string>& mounts)
    : image_(image),
      shown_(std::move(root), name, Xattrs::users, Folder::container, mounts),
      mounts_(mounts),
      opened_(image_.blob.file->get(), image_.super, image_.blob.offset, image_.tree),
      reader_(opened_) {}

Status ContainerStream::read_image() {
  ImageStream stream(image_.blob, image_.super, Xattrs::privileged, image_.tree);
  Entry entry;
  while (true) {
    const auto more = stream.next(entry);
    if (!more) return more.error();
    if (!*more) return Done{};
    if (entry.kind == Kind::hard_link) {
      Entry same = before_[entry.target];
      same.path = entry.path;
      entry = std::move(same);
    }
    before_[entry.path] = entry;
  }
}

/// Whether berth puts something into the directory.
bool ContainerStream::has_own(const std::string& path) const {
  if (path.empty() || path == "etc") return true;
  const auto mount = mounts_.lower_bound(path + "/");
  return mount != mounts_.end() && mount->starts_with(path + "/");
}

/// Compares the names in the current directory with those in the image's.
void ContainerStream::note_deleted(const std::string& path) {
  const auto folder = before_.find(path);
  if (folder == before_.end() || folder->second.kind != Kind::directory) return;
  const std::string lead = below(path);
  const auto& names = shown_.names();
  for (auto item = before_.upper_bound(lead); item != before_.end(); ++item) {
    if (!item->first.starts_with(lead)) break;
    const std::string name = item->first.substr(lead.size());
    if (name.find('/') != std::string::npos || is_passed_over(item->first)) continue;
    if (!std::binary_search(names.begin(), names.end(), name, std::greater<>()))
      marks_.push_back({Mark::Kind::whiteout, item->first});
  }
}

Result<bool> ContainerStream::has_other_bytes(const Entry& entry) {
  const Error damaged{
      Blame::image,
      "read " + quote("/" + entry.path) + " in " + quote(image_.blob.name) + ": it is damaged"};
  read::Inode inode;
  if (read::find_path(reader_, entry.path, inode) != 0) return damaged;
  std::vector<char> bytes(kPiece);
  std::uint64_t at = 0;
  while (true) {
    const auto piece = shown_.data();
    if (!piece) return piece.error();
    if (piece->empty()) return at != inode.size;
    std::size_t got = 0;
    const auto room = std::as_writable_bytes(std::span(bytes).first(piece->size()));
    if (read::read_file(reader_, inode, at, room, got) != 0) return damaged;
    if (std::string_view(bytes.data(), got) != *piece) return true;
    at += got;
  }
}

/// Of a file that differs in no attribute.
Result<bool> ContainerStream::is_changed_file(const Entry& entry, const Entry& before) {
  const struct stat& info = shown_.info();
  // The server gives all files the one time; nobody can set another file's change time.
  if (info.st_ctim.tv_sec == before.attributes.mtime && info.st_ctim.tv_nsec == 0) return false;
  if (info.st_nlink > 1) return true;  // it has got a second name
  auto differs = has_other_bytes(entry);
  if (differs && *differs) BERTH_TRY(shown_.rewind());
  return differs;
}

/// Whether the image has something else than `entry`, which gets what a container cannot see.
Result<bool> ContainerStream::is_changed(Entry& entry) {
  Attributes& now = entry.attributes;
  now.uid = now.gid = 0;
  const auto found = before_.find(entry.path);
  const bool is_ours = entry.kind == Kind::directory && has_own(entry.path);
  if (found == before_.end() || found->second.kind != entry.kind) return !is_ours;
  const Entry& before = found->second;
  if (is_ours) {
    now = before.attributes;
    return false;
  }
  const bool has_new = take_hidden(now, before.attributes);
  if (has_new || now.mode != before.attributes.mode || now.mtime != before.attributes.mtime ||
      entry.target != before.target || entry.size != before.size)
    return true;
  if (entry.kind == Kind::file) return is_changed_file(entry, before);
  return false;
}

/// Makes `entry` ready, and before it the directories that it is in.
void ContainerStream::tell(Entry entry) {
  for (Level& level : levels_) {
    if (!level.is_told) ready_.push_back(level.entry);
    level.is_told = true;
  }
  if (entry.kind == Kind::directory) return;  // it is the last level
  if (entry.kind == Kind::file && shown_.info().st_nlink > 1) {
    const struct stat& info = shown_.info();
    const auto [first, is_new] = told_.try_emplace({info.st_dev, info.st_ino}, entry.path);
    if (!is_new) {
      entry.kind = Kind::hard_link;
      entry.target = first->second;
    }
  }
  ready_.push_back(std::move(entry));
}

Result<bool> ContainerStream::next(Entry& entry) {
  if (!std::exchange(is_begun_, true)) BERTH_TRY(read_image());
  while (ready_.empty()) {
    Entry shown;
    auto more = shown_.next(shown);
    if (!more || !*more) return more;
    while (!levels_.empty() && !levels_.back().entry.path.empty() &&
           !shown.path.starts_with(levels_.back().entry.path + "/"))
      levels_.pop_back();
    if (is_passed_over(shown.path)) continue;
    const auto changed = is_changed(shown);
    if (!changed) return changed.error();
    if (shown.kind == Kind::directory) {
      note_deleted(shown.path);
      levels_.push_back({shown, false});
    }
    // An image has a root, whose attributes count when it is merged.
    if (*changed || shown.path.empty()) tell(std::move(shown));
  }
  entry = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

Result<std::string_view> ContainerStream::data() {
  return shown_.data();
}

}  // namespace berth::layers
