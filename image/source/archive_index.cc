// SPDX-License-Identifier: Apache-2.0
#include "image/source/archive_index.h"

#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

namespace berth::source {

namespace {

constexpr std::size_t kMostMembers = 100000;
constexpr std::size_t kBlock = 64UL * 1024;

struct FreeArchive {
  void operator()(archive* a) const noexcept { (void)archive_read_free(a); }  // only ever read
};

/// What libarchive reads from: our blob and where we are in it.
struct Position {
  const Blob& blob;
  std::uint64_t at = 0;
  std::array<char, kBlock> bytes = {};
};

la_ssize_t read_block(archive* a, void* context, const void** bytes) {
  auto& position = *static_cast<Position*>(context);
  const auto got = read_some(position.blob, position.at, position.bytes.data(), kBlock);
  if (!got) {
    archive_set_error(a, EIO, "the file cannot be read");
    return ARCHIVE_FATAL;
  }
  position.at += *got;
  *bytes = position.bytes.data();
  return static_cast<la_ssize_t>(*got);
}

la_int64_t skip_bytes(archive* /*unused*/, void* context, la_int64_t count) {
  auto& position = *static_cast<Position*>(context);
  const std::uint64_t left = position.blob.size - position.at;
  const auto step = std::min(static_cast<std::uint64_t>(std::max<la_int64_t>(count, 0)), left);
  position.at += step;
  return static_cast<la_int64_t>(step);
}

/// "a/./b/../c" and "./a/c" are the same member; a name that climbs out of the archive is none.
std::string plain_name(const std::string& name) {
  std::vector<std::string> parts;
  for (std::string& part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(std::move(part));
    } else if (parts.empty()) {
      return {};
    } else {
      parts.pop_back();
    }
  }
  std::string plain;
  for (const std::string& part : parts)
    plain += (plain.empty() ? "" : "/") + part;
  return plain;
}

/// A symbolic link's target is relative to the folder of the link.
std::string link_target_of(archive_entry* entry, const std::string& name) {
  if (const char* target = archive_entry_hardlink(entry)) return plain_name(target);
  const char* target = archive_entry_symlink(entry);
  if (archive_entry_filetype(entry) != AE_IFLNK || target == nullptr) return {};
  return plain_name(name.substr(0, name.rfind('/') + 1) + target);
}

/// The command that undoes the compression these first bytes tell of; empty for none known.
std::string decompressor_for(std::string_view start) {
  if (start.starts_with("\x1f\x8b")) return "gunzip";
  if (start.starts_with("\x28\xb5\x2f\xfd")) return "unzstd";
  if (start.starts_with("\xfd"
                        "7zXZ"))
    return "unxz";
  if (start.starts_with("BZh")) return "bunzip2";
  return {};
}

Status refuse_compressed(const Blob& archive) {
  std::array<char, 8> start{};
  const auto got = read_some(archive, 0, start.data(), start.size());
  if (!got) return got.error();
  const std::string command = decompressor_for({start.data(), *got});
  if (command.empty()) return Done{};
  return Error{Blame::image,
               "read the archive " + quote(archive.name) + ": it is compressed",
               {},
               "decompress it first: " + command + " " + quote(archive.name)};
}

bool is_telling(const std::string& name) {
  return name == "oci-layout" || name == "manifest.json";
}

}  // namespace

Result<ArchiveIndex> ArchiveIndex::read(const std::string& path, Depth depth) {
  ArchiveIndex index;
  auto archive = open_blob(path, path);
  if (!archive) return std::move(archive.error());
  index.archive_ = std::move(*archive);
  BERTH_TRY(refuse_compressed(index.archive_));
  BERTH_TRY(index.read_members(depth));
  return index;
}

Status ArchiveIndex::read_members(Depth depth) {
  const std::unique_ptr<archive, FreeArchive> tar(archive_read_new());
  Position position{archive_};
  archive* a = tar.get();
  const auto broken = [&] {
    const char* why = archive_error_string(a);
    return Error{Blame::image,
                 "read the archive " + quote(archive_.name) + ": " +
                     (why == nullptr ? "it is no tar archive" : why)};
  };
  if (archive_read_support_format_tar(a) != ARCHIVE_OK ||
      archive_read_open2(a, &position, nullptr, read_block, skip_bytes, nullptr) != ARCHIVE_OK)
    return broken();
  archive_entry* entry = nullptr;
  while (true) {
    const int answer = archive_read_next_header(a, &entry);
    if (answer == ARCHIVE_EOF) return Done{};
    if (answer != ARCHIVE_OK && answer != ARCHIVE_WARN) return broken();
    const char* raw = archive_entry_pathname(entry);
    const std::string name = plain_name(raw == nullptr ? "" : raw);
    // A sparse member's bytes do not lie in the archive as they are; nobody writes blobs so.
    if (name.empty() || archive_entry_sparse_count(entry) > 0) continue;
    Member& member = members_[name];
    // What libarchive has consumed ends where the header ends: the data begin there.
    member.offset = static_cast<std::uint64_t>(archive_filter_bytes(a, 0));
    member.size = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
    member.link = link_target_of(entry, name);
    if (members_.size() > kMostMembers)
      return Error{
          Blame::image,
          "read the archive " + quote(archive_.name) + ": it has more than 100000 members"};
    if (depth == Depth::until_recognised && is_telling(name)) return Done{};
  }
}

Result<Blob> ArchiveIndex::find(const std::string& name) const {
  std::string at = plain_name(name);
  for (int hops = 0; hops < 8; ++hops) {
    const auto found = members_.find(at);
    if (found == members_.end())
      return Error{Blame::image, "find " + quote(name) + " in the archive " + quote(archive_.name)};
    const Member& member = found->second;
    if (!member.link.empty()) {
      at = member.link;
      continue;
    }
    if (member.offset > archive_.size || member.size > archive_.size - member.offset)
      return Error{
          Blame::image,
          "read " + quote(name) + ": the archive " + quote(archive_.name) + " ends before it does"};
    return Blob{archive_.file, member.offset, member.size, archive_.name + ":" + name};
  }
  return Error{Blame::image,
               "read " + quote(name) + " in the archive " + quote(archive_.name) +
                   ": its links lead nowhere"};
}

}  // namespace berth::source
