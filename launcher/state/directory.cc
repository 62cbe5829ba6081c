// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/directory.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/state/name.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace berth::state {

namespace {

constexpr std::size_t kMostBytes = 8UL << 20;
constexpr std::string_view kRecord = ".json";

/// What others could have put there.
Status check(int fd, const std::string& path, mode_t forbidden) {
  const std::string goal = "keep what is known of containers in " + quote(path);
  const std::string hint = "remove it, or set XDG_RUNTIME_DIR to a directory of your own";

  struct stat info {};

  if (::fstat(fd, &info) != 0) return refused("fstat", goal, errno);
  if (!S_ISDIR(info.st_mode)) return Error{Blame::config, goal + ": it is no directory", {}, hint};
  if (info.st_uid != ::geteuid())
    return Error{Blame::config, goal + ": it belongs to somebody else", {}, hint};
  if ((info.st_mode & forbidden) != 0)
    return Error{Blame::config, goal + ": others may write there", {}, "close it: chmod 700"};
  return Done{};
}

/// Empty where nothing is there.
Result<UniqueFd> open_checked(const std::string& path, mode_t forbidden) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open() && errno == ENOENT) return UniqueFd();
  if (!fd.is_open()) {
    const int number = errno;
    const std::string goal = "keep what is known of containers in " + quote(path);
    if (number == ENOTDIR || number == ELOOP)
      return Error{Blame::config,
                   goal + ": it is a link or a file",
                   {},
                   "remove it, or set XDG_RUNTIME_DIR to a directory of your own"};
    return refused("open", goal, number);
  }
  BERTH_TRY(check(fd.get(), path, forbidden));
  return fd;
}

/// Where the directory is to be.
Result<std::string> choose_path(const Places& places) {
  constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
  if (places.runtime_dir.starts_with('/')) {
    const auto fd = open_checked(places.runtime_dir, kOthersWrite);
    if (!fd) return fd.error();
    if (fd->is_open()) return places.runtime_dir + "/berth";
  }
  const std::string users = places.run_user + "/" + std::to_string(::geteuid());
  // Made by the system, which takes it away again when the user has logged out.
  if (const auto fd = open_checked(users, kOthersWrite); fd && fd->is_open())
    return users + "/berth";
  return places.temporary + "/berth-" + std::to_string(::geteuid());
}

constexpr mode_t kForOthers = S_IRWXG | S_IRWXO;

}  // namespace

Result<Directory> Directory::open(const Places& places) {
  auto path = choose_path(places);
  if (!path) return path.error();
  auto fd = open_checked(*path, kForOthers);
  if (!fd) return std::move(fd.error());
  Directory directory;
  directory.fd_ = std::move(*fd);
  directory.path_ = std::move(*path);
  return directory;
}

Result<Directory> Directory::open_or_make(const Places& places) {
  auto path = choose_path(places);
  if (!path) return path.error();
  Directory directory;
  directory.path_ = std::move(*path);
  BERTH_TRY(directory.make_again());
  return directory;
}

Status Directory::make_again() {
  const std::string goal = "keep what is known of containers in " + quote(path_);
  if (::mkdir(path_.c_str(), S_IRWXU) != 0 && errno != EEXIST) return refused("mkdir", goal, errno);
  auto fd = open_checked(path_, kForOthers);
  if (!fd) return std::move(fd.error());
  if (!fd->is_open()) return refused("open", goal, ENOENT);
  fd_ = std::move(*fd);
  return Done{};
}

/// By the descriptor: the launch goes on where the path leads elsewhere.
std::string Directory::place_of(const std::string& file) const {
  return "/proc/self/fd/" + std::to_string(fd_.get()) + "/" + file;
}

/// Until it is closed; by the kernel if we are killed.
UniqueFd Directory::lock() const {
  UniqueFd own(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own.is_open()) return {};
  while (::flock(own.get(), LOCK_EX) != 0)
    if (errno != EINTR) return {};
  return own;
}

std::vector<std::string> Directory::names() const {
  std::vector<std::string> names;
  if (!fd_.is_open()) return names;
  const int fd = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(fd), ::closedir);
  if (!list) return names;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this list
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string_view file = entry->d_name;
    if (!file.ends_with(kRecord)) continue;
    const std::string_view name = file.substr(0, file.size() - kRecord.size());
    if (is_name(name)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Record> Directory::read(const std::string& name) const {
  if (!fd_.is_open() || !is_name(name))
    return refused("open", "read the record of " + quote(name), ENOENT);
  const auto text = read_text_file(name + std::string(kRecord), kMostBytes, fd_.get());
  if (text) return parse_record(*text, name);
  const bool is_missing = text.error().refusal && text.error().refusal->number == ENOENT;
  return is_missing ? Result<Record>(text.error()) : parse_record("", name);
}

Status Directory::write(const Record& record, FileBeingWritten::Existing existing) const {
  auto file = FileBeingWritten::create(place_of(record.name + std::string(kRecord)));
  if (!file) return std::move(file.error());
  const std::string text = to_text(record);
  (void)::fchmod(file->fd(), S_IRUSR | S_IWUSR);  // whose directory it is may do that
  if (const int number = write_fully(file->fd(), text.data(), text.size()); number != 0)
    return refused("write", "write the record of " + quote(record.name), number);
  return file->commit(existing);
}

Status Directory::add(const Record& record) const {
  const UniqueFd locked = lock();

  struct stat info {};

  if (::fstat(fd_.get(), &info) != 0 || info.st_nlink == 0)
    return refused("open", "write the record of " + quote(record.name), ENOENT);
  return write(record, FileBeingWritten::Existing::kept);
}

Status Directory::replace(const Record& record) const {
  const UniqueFd locked = lock();
  const auto there = read(record.name);
  if (!there || there->key != record.key) return Done{};
  return write(record, FileBeingWritten::Existing::replaced);
}

void Directory::remove_files(const std::string& name) const {
  (void)::unlinkat(fd_.get(), (name + ".log").c_str(), 0);  // a foreground one has none
  (void)::unlinkat(fd_.get(), (name + std::string(kRecord)).c_str(), 0);
  (void)::rmdir(path_.c_str());  // refused as long as something is in it
}

void Directory::remove(const std::string& name, const std::string& key) const {
  const UniqueFd locked = lock();
  const auto there = read(name);
  if (there && there->key == key) remove_files(name);
}

bool Directory::remove_damaged(const std::string& name) const {
  const UniqueFd locked = lock();
  const auto there = read(name);
  // What is missing was refused by the kernel; what is damaged, by us.
  if (there || there.error().refusal) return false;
  remove_files(name);
  return true;
}

Result<UniqueFd> Directory::make_log(const std::string& name) const {
  constexpr int kNew = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd log(::openat(fd_.get(), (name + ".log").c_str(), kNew, S_IRUSR | S_IWUSR));
  if (!log.is_open()) return refused("open", "write the log of " + quote(name), errno);
  return log;
}

Result<UniqueFd> Directory::open_log(const std::string& name) const {
  constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  UniqueFd log(::openat(fd_.get(), (name + ".log").c_str(), kRead));
  if (!log.is_open()) return refused("open", "read the log of " + quote(name), errno);
  return log;
}

Places places_for(const std::vector<std::string>& environment) {
  static constexpr std::string_view kName = "XDG_RUNTIME_DIR=";
  Places places;
  for (const std::string& variable : environment)
    if (variable.starts_with(kName)) places.runtime_dir = variable.substr(kName.size());
  return places;
}

}  // namespace berth::state
