// SPDX-License-Identifier: Apache-2.0
#include "image/archive/layer.h"

#include "base/text.h"
#include "image/layers/path.h"
#include "image/source/digest.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <optional>
#include <unordered_map>

namespace berth::archive {

namespace {

using layers::Kind;

constexpr std::string_view kOwnFolder = ".berth";
constexpr std::string_view kMark = ".wh.";

struct FreeArchive {
  void operator()(::archive* tar) const noexcept { (void)archive_write_free(tar); }
};

struct FreeEntry {
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

bool is_in(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

mode_t type_of(Kind kind) {
  switch (kind) {
    case Kind::directory:
      return AE_IFDIR;
    case Kind::symlink:
      return AE_IFLNK;
    case Kind::fifo:
      return AE_IFIFO;
    default:
      return AE_IFREG;
  }
}

/// The tar of one layer: hashed, compressed, handed out.
class LayerWriter {
 public:
  LayerWriter(Compression compression, unsigned threads, const Sink& sink)
      : packer_(compression,
                threads,
                [this, &sink](std::string_view bytes) { return count_out(bytes, sink); }),
        tar_(archive_write_new()),
        raw_(archive_entry_new()) {}

  LayerWriter(const LayerWriter&) = delete;
  LayerWriter& operator=(const LayerWriter&) = delete;
  LayerWriter(LayerWriter&&) = delete;
  LayerWriter& operator=(LayerWriter&&) = delete;

  ~LayerWriter() {
    is_over_ = true;  // libarchive would fill up what was left unfinished
    tar_.reset();
  }

  Status begin() {
    const auto write = [](::archive*, void* self, const void* bytes, std::size_t count) {
      return static_cast<LayerWriter*>(self)->take({static_cast<const char*>(bytes), count});
    };
    ::archive* tar = tar_.get();
    // "restricted": extended headers only where an entry needs one. libarchive's own dialect of
    // extended attributes would say everything twice.
    BERTH_TRY(check(archive_write_set_format_pax_restricted(tar)));
    BERTH_TRY(check(archive_write_set_options(tar, "xattrheader=SCHILY")));
    BERTH_TRY(check(archive_write_set_bytes_per_block(tar, 0)));
    BERTH_TRY(check(archive_write_set_bytes_in_last_block(tar, 1)));
    return check(archive_write_open(tar, this, nullptr, write, nullptr));
  }

  Status add(const layers::Entry& entry, layers::EntryStream& stream) {
    if (is_in(entry.path, kOwnFolder)) return skip(entry, nullptr);
    if (layers::split_path(entry.path).name.starts_with(kMark) || is_below_skipped(entry.path))
      return skip(entry, &made_.left_out.marks);
    if (entry.kind == Kind::device) return skip(entry, &made_.left_out.devices);
    if (entry.kind == Kind::socket) return skip(entry, &made_.left_out.sockets);
    const auto target =
        entry.kind == Kind::hard_link ? skipped_.find(entry.target) : skipped_.end();
    if (target != skipped_.end()) {
      std::uint64_t* const count = target->second;
      // No name can keep a device or a socket; one for content that another name lost could.
      if (count == &made_.left_out.devices || count == &made_.left_out.sockets)
        return skip(entry, count);
      return refuse(entry, "it is a second name of " + quote(entry.target) + ", which is left out");
    }
    if (entry.kind == Kind::symlink && entry.target.empty())
      return refuse(entry, "its target is empty");
    BERTH_TRY(write_header(entry));
    if (!entry.path.empty()) ++made_.entries;
    return entry.kind == Kind::file ? write_content(entry, stream) : Status(Done{});
  }

  Result<Layer> finish() {
    BERTH_TRY(check(archive_write_close(tar_.get())));
    BERTH_TRY(packer_.finish());
    made_.diff_id = tar_hash_.take();
    made_.digest = hash_.take();
    return std::move(made_);
  }

 private:
  /// From libarchive, which loses memory when it is told of an error.
  la_ssize_t take(std::string_view bytes) {
    if (is_over_) return -1;
    if (!failure_) {
      tar_hash_.add(bytes.data(), bytes.size());
      if (const Status taken = packer_.append(bytes); !taken) failure_ = taken.error();
    }
    return static_cast<la_ssize_t>(bytes.size());
  }

  Status count_out(std::string_view bytes, const Sink& sink) {
    hash_.add(bytes.data(), bytes.size());
    made_.size += bytes.size();
    return sink(bytes);
  }

  /// Looks at what libarchive answered and at what its callback met.
  Status check(la_ssize_t answer) {
    if (failure_) return *failure_;
    // A warning is a name outside of ASCII: its bytes go in as they are, and a record says so.
    if (answer >= ARCHIVE_OK || answer == ARCHIVE_WARN) return Done{};
    const char* why = archive_error_string(tar_.get());
    return Error{Blame::internal, "write a layer: " + std::string(why == nullptr ? "?" : why)};
  }

  static Error refuse(const layers::Entry& entry, const std::string& why) {
    return Error{Blame::image, "use the entry " + layers::quote_start(entry.path) + ": " + why};
  }

  /// Directories matter for what is in them, the others for links to them.
  Status skip(const layers::Entry& entry, std::uint64_t* count) {
    skipped_[entry.path] = count;
    if (count != nullptr) ++*count;
    return Done{};
  }

  [[nodiscard]] bool is_below_skipped(std::string_view path) const {
    if (skipped_.empty()) return false;
    while (!path.empty()) {
      path = layers::split_path(path).folder;
      if (skipped_.contains(std::string(path))) return true;
    }
    return false;
  }

  void apply_xattrs(const layers::Attributes& attributes) {
    made_.left_out.xattrs += attributes.lost_xattrs;
    for (const auto& [name, value] : attributes.xattrs) {
      if (name.find('=') != std::string::npos) {
        ++made_.left_out.xattrs;
      } else {
        archive_entry_xattr_add_entry(raw_.get(), name.c_str(), value.data(), value.size());
      }
    }
  }

  Status write_header(const layers::Entry& entry) {
    archive_entry* raw = archive_entry_clear(raw_.get());
    const std::string path = entry.path.empty() ? "./" : entry.path;
    archive_entry_copy_pathname(raw, path.c_str());
    archive_entry_set_filetype(raw, type_of(entry.kind));
    // A link says the same as its target: podman gives its attributes to both.
    archive_entry_set_perm(raw, entry.attributes.mode);
    archive_entry_set_uid(raw, entry.attributes.uid);
    archive_entry_set_gid(raw, entry.attributes.gid);
    archive_entry_set_mtime(raw, entry.attributes.mtime, 0);
    if (entry.kind == Kind::hard_link) {
      archive_entry_copy_hardlink(raw, entry.target.c_str());
    } else {
      apply_xattrs(entry.attributes);
    }
    if (entry.kind == Kind::symlink) archive_entry_copy_symlink(raw, entry.target.c_str());
    archive_entry_set_size(raw, static_cast<la_int64_t>(entry.kind == Kind::file ? entry.size : 0));
    return check(archive_write_header(tar_.get(), raw));
  }

  Status write_content(const layers::Entry& entry, layers::EntryStream& stream) {
    std::uint64_t left = entry.size;
    while (true) {
      const auto piece = stream.data();
      if (!piece) return piece.error();
      if (piece->size() > left || (piece->empty() && left > 0))
        return refuse(entry, "it is not as long as was announced");
      if (piece->empty()) return Done{};
      BERTH_TRY(check(archive_write_data(tar_.get(), piece->data(), piece->size())));
      left -= piece->size();
      made_.content += piece->size();
    }
  }

  Layer made_;
  source::Sha256 tar_hash_;
  source::Sha256 hash_;
  std::optional<Error> failure_;  ///< of the sink, met inside libarchive
  bool is_over_ = false;
  /// What is left out, each with where such are counted.
  std::unordered_map<std::string, std::uint64_t*> skipped_;
  Packer packer_;
  std::unique_ptr<::archive, FreeArchive> tar_;
  std::unique_ptr<archive_entry, FreeEntry> raw_;
};

}  // namespace

Result<Layer> write_layer(layers::EntryStream& stream,
                          Compression compression,
                          unsigned threads,
                          const Sink& sink) {
  LayerWriter writer(compression, threads, sink);
  BERTH_TRY(writer.begin());
  layers::Entry entry;
  while (true) {
    const auto more = stream.next(entry);
    if (!more) return more.error();
    if (!*more) return writer.finish();
    BERTH_TRY(writer.add(entry, stream));
  }
}

}  // namespace berth::archive
