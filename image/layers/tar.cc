// SPDX-License-Identifier: Apache-2.0
#include "image/layers/tar.h"

#include "base/text.h"
#include "image/layers/path.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace berth::layers {

namespace {

// libarchive refuses names and pax records of more than a MiB, but keeps a map of holes whatever
// its size, and needs ten times as much for it.
constexpr std::size_t kMostHeader = 8UL << 20;
constexpr std::size_t kZeros = 64UL * 1024;
constexpr std::array<char, kZeros> kZeroBytes = {};

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

Kind kind_of(archive_entry* raw) {
  if (archive_entry_hardlink(raw) != nullptr) return Kind::hard_link;
  switch (archive_entry_filetype(raw)) {
    case AE_IFDIR:
      return Kind::directory;
    case AE_IFLNK:
      return Kind::symlink;
    case AE_IFIFO:
      return Kind::fifo;
    case AE_IFSOCK:
      return Kind::socket;
    case AE_IFCHR:
    case AE_IFBLK:
      return Kind::device;
    default:
      return Kind::file;
  }
}

void read_xattrs(archive_entry* raw, Xattrs wanted, Attributes& attributes) {
  auto& kept = attributes.xattrs;
  archive_entry_xattr_reset(raw);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(raw, &name, &value, &size) == ARCHIVE_OK) {
    if (name == nullptr || !is_kept(name, wanted)) {
      ++attributes.lost_xattrs;
      continue;
    }
    kept.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  std::stable_sort(
      kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  // pax may repeat a key; libarchive hands the last one out first.
  kept.erase(std::unique(kept.begin(),
                         kept.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; }),
             kept.end());
}

Result<std::uint32_t> id_of(la_int64_t id, const std::string& path) {
  if (id >= 0 && id < std::numeric_limits<std::uint32_t>::max())
    return static_cast<std::uint32_t>(id);
  return Error{
      Blame::image,
      "use the entry " + quote(path) + ": its owner " + std::to_string(id) + " is out of range"};
}

Status read_attributes(archive_entry* raw, Xattrs kept, Entry& entry) {
  const auto uid = id_of(archive_entry_uid(raw), entry.path);
  if (!uid) return uid.error();
  const auto gid = id_of(archive_entry_gid(raw), entry.path);
  if (!gid) return gid.error();
  entry.attributes = {static_cast<std::uint16_t>(archive_entry_mode(raw) & 07777U),
                      *uid,
                      *gid,
                      mtime_of(archive_entry_mtime(raw))};
  // Archives may say anything; Linux shows every symbolic link so.
  if (entry.kind == Kind::symlink) entry.attributes.mode = 0777;
  read_xattrs(raw, kept, entry.attributes);
  return Done{};
}

bool has_left_something_out(archive* a) {
  const std::string warning = text_or_empty(archive_error_string(a));
  return warning.starts_with("Ignoring") || warning.starts_with("Rejecting");
}

/// A hard link's target is a path in the layer, a symlink's any text.
Status read_target(archive_entry* raw, Entry& entry) {
  entry.target.clear();
  if (entry.kind == Kind::hard_link) {
    auto target = parse_path(archive_entry_hardlink(raw));
    if (!target) return std::move(target.error());
    entry.target = std::move(*target);
  }
  if (entry.kind != Kind::symlink) return Done{};
  entry.target = text_or_empty(archive_entry_symlink(raw));
  if (!entry.target.empty() && entry.target.size() <= kLongestPath) return Done{};
  return Error{Blame::image,
               "use the entry " + quote(entry.path) + ": its target is " +
                   (entry.target.empty() ? "empty" : "longer than 4095 bytes")};
}

}  // namespace

TarStream::TarStream(source::Layer layer, Xattrs xattrs, Queueing queueing)
    : meter_(queueing.meter),
      bytes_(std::move(layer), std::move(queueing)),
      xattrs_(xattrs),
      archive_(archive_read_new()) {}

TarStream::~TarStream() {
  (void)archive_read_free(archive_);  // only ever read
}

Error TarStream::broken() {
  if (failure_) return *failure_;
  const char* why = archive_error_string(archive_);
  Error error{Blame::image,
              "read the layer " + quote(bytes_.name()) + ": " +
                  (why == nullptr ? "it is no tar archive" : why)};
  // If the digest is wrong too, that is the reason.
  Status rest = bytes_.finish();
  return rest ? error : std::move(rest.error());
}

Status TarStream::open() {
  is_open_ = true;
  const auto read = [](archive* /*unused*/, void* self, const void** piece) {
    return la_ssize_t{static_cast<TarStream*>(self)->give(piece)};
  };
  if (archive_read_support_format_tar(archive_) != ARCHIVE_OK ||
      archive_read_open(archive_, this, nullptr, read, nullptr) != ARCHIVE_OK)
    return broken();
  return Done{};
}

/// The next piece for libarchive; the error, if there is one, stays here.
ssize_t TarStream::give(const void** piece) {
  auto got = bytes_.next();
  if (got && is_in_header_) header_bytes_ += got->size();
  if (got && header_bytes_ > kMostHeader)
    got = Error{Blame::image,
                "read the layer " + quote(bytes_.name()) +
                    ": the header of an entry is larger than " + size_text(kMostHeader)};
  if (!got) {
    failure_ = std::move(got.error());
    archive_set_error(archive_, EIO, "the layer cannot be read");
    return ARCHIVE_FATAL;
  }
  *piece = got->data();
  return static_cast<ssize_t>(got->size());
}

int TarStream::read_header(archive_entry*& raw) {
  // What is left of the file before is no part of the header.
  if (has_entry_ && archive_read_data_skip(archive_) < ARCHIVE_WARN) return ARCHIVE_FATAL;
  is_in_header_ = true;
  header_bytes_ = 0;
  const int answer = archive_read_next_header(archive_, &raw);
  is_in_header_ = false;
  header_bytes_ = 0;
  has_entry_ = answer == ARCHIVE_OK || answer == ARCHIVE_WARN;
  return answer;
}

Result<bool> TarStream::next(Entry& entry) {
  if (!is_open_) BERTH_TRY(open());
  archive_entry* raw = nullptr;
  const int answer = read_header(raw);
  if (answer == ARCHIVE_EOF) {
    // Zeros may follow the end of the archive, and the digests cover them.
    BERTH_TRY(bytes_.finish());
    return false;
  }
  // A warning is a name that is not UTF-8: its bytes come through as they are. But a pax header
  // that libarchive leaves out, other programs may read.
  if (answer != ARCHIVE_OK && answer != ARCHIVE_WARN) return broken();
  if (answer == ARCHIVE_WARN && has_left_something_out(archive_)) return broken();
  if (meter_) BERTH_TRY(meter_->add_entry(bytes_.name()));
  BERTH_TRY(read_entry(raw, entry));
  return true;
}

/// A hole costs nothing in the archive, but time to write.
Status TarStream::measure_hole(std::uint64_t bytes) {
  holes_ += bytes;
  if (!meter_) return Done{};
  BERTH_TRY(meter_->add_bytes(bytes, bytes_.name()));
  return meter_->check_ratio(bytes_.unpacked() + holes_, bytes_.position(), bytes_.name());
}

Status TarStream::read_entry(archive_entry* raw, Entry& entry) {
  entry = {};
  auto path = parse_path(text_or_empty(archive_entry_pathname(raw)));
  if (!path) return std::move(path.error());
  entry.path = std::move(*path);
  entry.kind = kind_of(raw);
  BERTH_TRY(read_attributes(raw, xattrs_, entry));
  BERTH_TRY(read_target(raw, entry));
  size_ = 0;
  position_ = 0;
  block_ = {};
  block_at_ = 0;
  if (entry.kind != Kind::file) return Done{};
  const la_int64_t size = archive_entry_size(raw);
  if (size < 0 || static_cast<std::uint64_t>(size) > kLargestFile)
    return Error{Blame::image, "use the entry " + quote(entry.path) + ": it is larger than 4 TiB"};
  entry.size = size_ = static_cast<std::uint64_t>(size);
  return meter_ ? meter_->check_room(size_, bytes_.name()) : Done{};
}

Result<std::string_view> TarStream::data() {
  if (block_.empty() && position_ < size_) {
    const void* bytes = nullptr;
    std::size_t count = 0;
    la_int64_t offset = 0;
    const int answer = archive_read_data_block(archive_, &bytes, &count, &offset);
    if (answer != ARCHIVE_OK && answer != ARCHIVE_WARN && answer != ARCHIVE_EOF) return broken();
    const bool is_end = answer == ARCHIVE_EOF;
    block_ = is_end ? std::string_view() : std::string_view(static_cast<const char*>(bytes), count);
    block_at_ = is_end ? size_ : static_cast<std::uint64_t>(std::max<la_int64_t>(offset, 0));
    if (block_at_ < position_ || block_at_ > size_ || count > size_ - block_at_)
      return Error{Blame::image,
                   "read the layer " + quote(bytes_.name()) + ": a sparse file is damaged"};
  }
  if (position_ < block_at_) {
    const std::size_t gap = std::min<std::uint64_t>(kZeros, block_at_ - position_);
    BERTH_TRY(measure_hole(gap));
    position_ += gap;
    return std::string_view(kZeroBytes.data(), gap);
  }
  position_ += block_.size();
  return std::exchange(block_, {});
}

}  // namespace berth::layers
