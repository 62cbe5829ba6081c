// SPDX-License-Identifier: Apache-2.0
#include "image/registry/cache.h"

#include "base/file.h"
#include "base/text.h"
#include "image/source/digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace berth::registry {

namespace {

/// Makes the folder and those above it; what is there stays as it is.
Status write_folders(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const std::string part = folder.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return refused("mkdir", "make the cache " + quote(part), errno);
    if (end == std::string::npos) return Done{};
  }
}

/// `path` is what messages call the folder `name` in the open one.
Result<UniqueFd> open_own_folder(int directory, const std::string& name, const std::string& path) {
  const std::string goal = "use the cache " + quote(path);
  UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) return refused("open", goal, errno);

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) return refused("fstat", goal, errno);
  if (info.st_uid != ::geteuid())
    return Error{Blame::config, goal + ": it belongs to another user", {}, "name one of your own"};
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{Blame::config,
                 goal + ": others can write it, and so could change images",
                 {},
                 "take the right from them: chmod go-w " + quote(path)};
  return fd;
}

/// Passes bytes through and writes them down, as long as they come in order. The folder is the one
/// that was checked, whatever its name leads to meanwhile.
class KeptBytes : public source::FetchedBytes {
 public:
  KeptBytes(const source::Blob& blob, std::shared_ptr<const UniqueFd> folder, std::string path)
      : blob_(blob),
        folder_(std::move(folder)),
        path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t count) override {
    auto got = source::read_some(blob_, position, into, count);
    if (got && position == kept_ && !is_done_) BERTH_TRY(keep(into, *got));
    return got;
  }

  void cancel() override { blob_.fetched->cancel(); }

 private:
  Status begin() {
    auto file = FileBeingWritten::create("/proc/self/fd/" + std::to_string(folder_->get()) + "/" +
                                         std::string(source::hex_of(blob_.digest)));
    if (!file) return explain(std::move(file.error()));
    file_.emplace(std::move(*file));
    return Done{};
  }

  [[nodiscard]] Error explain(Error error) const {
    error.goal = "write " + quote(path_) + " in the cache";
    error.hint = "free space there, or import without a cache";
    return error;
  }

  Status keep(const char* bytes, std::size_t count) {
    if (!file_) BERTH_TRY(begin());
    const int number = write_fully(file_->fd(), bytes, count);
    if (number != 0) return explain(refused("write", {}, number));
    hash_.add(bytes, count);
    kept_ += count;
    if (kept_ < blob_.size) return Done{};
    is_done_ = true;
    // Bytes that are wrong are not kept; who reads them will say so.
    if (hash_.take() == blob_.digest) {
      if (Status named = file_->commit(); !named) return explain(std::move(named.error()));
    }
    file_.reset();
    return Done{};
  }

  const source::Blob blob_;
  const std::shared_ptr<const UniqueFd> folder_;
  const std::string path_;  ///< for messages
  std::optional<FileBeingWritten> file_;
  source::Sha256 hash_;
  std::uint64_t kept_ = 0;
  bool is_done_ = false;
};

}  // namespace

Result<Cache> Cache::open(const std::string& folder) {
  const std::string path = folder + "/sha256";
  BERTH_TRY(write_folders(path));
  const auto top = open_own_folder(AT_FDCWD, folder, folder);
  if (!top) return top.error();
  auto fd = open_own_folder(top->get(), "sha256", path);
  if (!fd) return std::move(fd.error());
  return Cache(path, std::make_shared<const UniqueFd>(std::move(*fd)));
}

std::optional<source::Blob> Cache::find(const std::string& digest, std::uint64_t size) const {
  const std::string name(source::hex_of(digest));
  auto blob = source::open_blob(name, path_ + "/" + name, fd_->get());
  if (!blob || blob->size != size) return std::nullopt;
  blob->digest = digest;
  blob->cure = "the cache is damaged: delete that file, and it will be downloaded again";
  return std::move(*blob);
}

source::Blob Cache::keep(const source::Blob& blob) const {
  source::Blob kept = blob;
  kept.fetched = std::make_shared<KeptBytes>(
      blob, fd_, path_ + "/" + std::string(source::hex_of(blob.digest)));
  return kept;
}

}  // namespace berth::registry
