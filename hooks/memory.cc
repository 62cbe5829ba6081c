// SPDX-License-Identifier: Apache-2.0
#include "hooks/memory.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "hooks/edits_text.h"
#include "hooks/trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <ctime>
#include <memory>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargest = 4UL << 20;
constexpr long kDay = 24L * 60 * 60;
constexpr const char* kForm = "5";  ///< another one for another way to decide

std::string text_of(const struct stat& info) {
  return std::to_string(info.st_mode) + " " + std::to_string(info.st_size) + " " +
         std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
}

/// Nodes with the same files share what they know, so their numbers on a disk do not count.
std::string state_of(const std::string& path) {
  struct stat info {};

  if (::lstat(path.c_str(), &info) != 0) return "-";
  if (!S_ISLNK(info.st_mode)) return text_of(info);
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  std::string text(target.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  text += ::stat(path.c_str(), &info) == 0 ? " " + text_of(info) : " -";
  return text;
}

/// Of all that they hang on; nothing where one of them does not say.
std::optional<std::string> state_of(const std::vector<Edits>& all) {
  std::set<std::string> places;
  for (const Edits& edits : all) {
    if (!edits.seen) return std::nullopt;
    places.insert(edits.seen->begin(), edits.seen->end());
  }
  unsigned long long state = fingerprint("");
  for (const std::string& place : places)
    state = fingerprint(state_of(place) + "\n", state);
  return std::to_string(state);
}

/// Makes what is missing below the first directory that is there.
bool make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    (void)::mkdir(path.substr(0, end).c_str(), 0700);  // most are there
    if (end == path.npos) break;
  }
  return ::access(path.c_str(), W_OK) == 0;
}

struct Kept {
  std::string name;
  timespec read = {};
};

/// KIND-NUMBER.json, or with .PID.json.new behind it.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 5> kKinds = {
      "hooks-", "facts-", "mpi-", "fabric-", "localtime-"};  // the last three of former releases
  const auto kind = std::find_if(
      kKinds.begin(), kKinds.end(), [&](const auto& one) { return name.starts_with(one); });
  if (kind == kKinds.end()) return false;
  name.remove_prefix(kind->size());
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  name.remove_prefix(digits);
  return digits > 0 &&
         (name == ".json" || (name.starts_with(".json.") && name.ends_with(".json.new")));
}

/// Files of this room in a directory, and no others.
std::vector<Kept> files_in(int directory) {
  std::vector<Kept> all;
  // A description of its own, whose position is its own.
  const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(again < 0 ? nullptr : ::fdopendir(again),
                                                 ::closedir);
  if (!list) return all;
  while (const dirent* entry =
             ::readdir(list.get())) {  // NOLINT(concurrency-mt-unsafe): one thread
    const std::string name = entry->d_name;

    struct stat info {};

    if (is_ours(name) && ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode))
      all.push_back({name, info.st_mtim});
  }
  return all;
}

/// The directory with the files, if it is the user's own, and nobody else can write it: what is
/// removed there is found by its name.
UniqueFd open_own_directory(const std::string& path) {
  UniqueFd directory(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));

  struct stat info {};

  const bool is_own = directory.is_open() && ::fstat(directory.get(), &info) == 0 &&
                      info.st_uid == ::getuid() && is_trusted(info, ::getuid());
  return is_own ? std::move(directory) : UniqueFd();
}

/// The times of files are when somebody last read them, to the day.
void forget(int directory, const std::string& newest) {
  auto all = files_in(directory);
  std::erase_if(all, [&](const Kept& one) { return one.name == newest; });
  std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) {
    return std::pair(a.read.tv_sec, a.read.tv_nsec) > std::pair(b.read.tv_sec, b.read.tv_nsec);
  });
  const long long now = ::time(nullptr);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i + 1 >= kMostRemembered || all[i].read.tv_sec + kRememberedFor < now)
      (void)::unlinkat(directory, all[i].name.c_str(), 0);  // another launch may have
}

/// Not synced: half a file after a crash is one that is not believed.
bool write_file(int directory, const std::string& name, const std::string& text) {
  const std::string hidden = name + "." + std::to_string(::getpid()) + ".json.new";
  const UniqueFd file(::openat(
      directory, hidden.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return false;
  if (write_fully(file.get(), text.data(), text.size()) == 0 &&
      ::renameat(directory, hidden.c_str(), directory, name.c_str()) == 0)
    return true;
  (void)::unlinkat(
      directory, hidden.c_str(), 0);  // it is not ours any more, or goes when others are forgotten
  return false;
}

/// The first line says what the second is worth.
std::optional<std::vector<Edits>> parse(const std::string& text, const std::string& key) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  const auto head =
      Json::parse(text.begin(), text.begin() + static_cast<long>(end), nullptr, false);
  const auto is = [&](const char* name, const std::string& value) {
    const auto found = head.find(name);
    return found != head.end() && found->is_string() && *found == value;
  };
  if (!head.is_object() || !is("key", key)) return std::nullopt;
  auto answer = parse_answer(std::string_view(text).substr(end + 1));
  if (!answer || answer->edits.empty()) return std::nullopt;
  const auto state = state_of(answer->edits);
  if (!state || !is("state", *state)) return std::nullopt;
  return std::move(answer->edits);
}

}  // namespace

Memory::Memory(std::string directory, std::string name, std::string key)
    : directory_(std::move(directory)),
      name_(std::move(name)) {
  if (!directory_.starts_with('/')) return;
  // A node whose loader knows other libraries has files of its own beside others' in one home.
  key_ = std::string(kForm) + "\n" + name_ + "\n" + std::move(key) + "\n" +
         state_of("/etc/ld.so.cache");
}

std::string Memory::file_name() const {
  return name_ + "-" + std::to_string(fingerprint(key_)) + ".json";
}

std::optional<std::vector<Edits>> Memory::read() const {
  if (key_.empty()) return std::nullopt;
  const UniqueFd directory = open_own_directory(directory_);
  if (!directory.is_open()) return std::nullopt;
  const UniqueFd file(::openat(directory.get(),
                               file_name().c_str(),
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));

  struct stat info {};

  if (!file.is_open() || ::fstat(file.get(), &info) != 0 || info.st_uid != ::getuid() ||
      !is_trusted(info, ::getuid()))
    return std::nullopt;
  const auto text = read_text(file.get(), kLargest, "read what is known of an image");
  if (!text) return std::nullopt;
  auto edits = parse(*text, key_);
  // So that it is not forgotten; not each time, which a file server would have to hear of.
  if (edits && info.st_mtim.tv_sec + kDay < ::time(nullptr)) (void)::futimens(file.get(), nullptr);
  return edits;
}

void Memory::write(const std::vector<Edits>& edits) const {
  const auto state = state_of(edits);
  if (key_.empty() || edits.empty() || !state || !make_directories(directory_)) return;
  const Json head = {{"key", key_}, {"state", *state}};
  const std::string text =
      head.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" + to_text(Answer{edits, {}});
  const UniqueFd directory = open_own_directory(directory_);
  if (directory.is_open() && write_file(directory.get(), file_name(), text))
    forget(directory.get(), file_name());
}

}  // namespace berth::hooks
